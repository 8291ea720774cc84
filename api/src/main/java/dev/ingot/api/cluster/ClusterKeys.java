package dev.ingot.api.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// The keys by which the nodes of a cluster know each other, made with the JDK's own `keytool`.
///
/// ```
/// DIR/authority.p12    signs the nodes' keys; stays where it was made
/// DIR/NODE/node.p12    the node's key, for its host names and addresses
/// DIR/NODE/trust.p12   the authority's certificate
/// DIR/NODE/password    of both, for its owner's eyes
/// ```
public final class ClusterKeys {
    static final String KEY_STORE = "node.p12";
    static final String TRUST_STORE = "trust.p12";
    static final String PASSWORD = "password";

    private static final String AUTHORITY = "authority";
    private static final String VALID_DAYS = "3650";
    private static final List<String> QUICK_START =
            List.of("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC");

    private final Path folder;

    private ClusterKeys(Path folder) {
        this.folder = folder;
    }

    /// A node's keys.
    ///
    /// @param name of its folder
    /// @param hosts names and addresses under which others reach it; checked by whoever connects
    public record NodeKeys(String name, List<String> hosts) {
        public NodeKeys {
            hosts = List.copyOf(hosts);
        }
    }

    /// Why no keys were made; the message is for people.
    public static final class KeysException extends Exception {
        private static final long serialVersionUID = 1L;

        KeysException(String message) {
            super(message);
        }
    }

    /// Makes the authority, unless the folder has one, and the keys of these nodes.
    ///
    /// @throws KeysException if a node has keys already or they cannot be made
    public static void init(Path folder, List<NodeKeys> nodes) throws KeysException {
        try {
            var keys = new ClusterKeys(folder);
            Files.createDirectories(folder);
            keys.authority();
            for (var node : nodes) {
                keys.node(node);
            }
        } catch (IOException e) {
            throw new KeysException("cannot write keys into " + folder + ": " + e.getMessage());
        }
    }

    private Path store() {
        return folder.resolve(AUTHORITY + ".p12");
    }

    private void authority() throws IOException, KeysException {
        if (Files.exists(store())) {
            return;
        }
        var password = password(folder.resolve(AUTHORITY + ".password"));
        keytool(
                password,
                "-genkeypair",
                "-alias",
                AUTHORITY,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=Ingot cluster",
                "-validity",
                VALID_DAYS,
                "-ext",
                "bc:c=ca:true,pathlen:0",
                "-ext",
                "ku:c=keyCertSign",
                "-keystore",
                store().toString(),
                "-storetype",
                "PKCS12");
        ownersOnly(store());
    }

    private void node(NodeKeys node) throws IOException, KeysException {
        var own = folder.resolve(node.name());
        if (Files.exists(own.resolve(KEY_STORE))) {
            throw new KeysException(own + " has keys already: remove it to make new ones");
        }
        Files.createDirectories(own);
        var password = password(own.resolve(PASSWORD));
        var authorityPassword = Files.readString(folder.resolve(AUTHORITY + ".password")).strip();
        var key = own.resolve(KEY_STORE).toString();
        var request = own.resolve("request.csr");
        var certificate = own.resolve("node.pem");
        var authority = own.resolve("authority.pem");
        keytool(
                password,
                "-genkeypair",
                "-alias",
                "node",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=" + node.name(),
                "-validity",
                VALID_DAYS,
                "-keystore",
                key,
                "-storetype",
                "PKCS12");
        keytool(
                password,
                "-certreq",
                "-alias",
                "node",
                "-keystore",
                key,
                "-file",
                request.toString());
        keytool(
                authorityPassword,
                "-gencert",
                "-alias",
                AUTHORITY,
                "-keystore",
                store().toString(),
                "-rfc",
                "-infile",
                request.toString(),
                "-outfile",
                certificate.toString(),
                "-validity",
                VALID_DAYS,
                "-ext",
                "san=" + names(node.hosts()),
                "-ext",
                "ku:c=digitalSignature",
                "-ext",
                "eku=serverAuth,clientAuth");
        keytool(
                authorityPassword,
                "-exportcert",
                "-alias",
                AUTHORITY,
                "-keystore",
                store().toString(),
                "-rfc",
                "-file",
                authority.toString());
        keytool(
                password,
                "-importcert",
                "-noprompt",
                "-alias",
                AUTHORITY,
                "-keystore",
                key,
                "-file",
                authority.toString());
        keytool(
                password,
                "-importcert",
                "-noprompt",
                "-alias",
                "node",
                "-keystore",
                key,
                "-file",
                certificate.toString());
        keytool(
                password,
                "-importcert",
                "-noprompt",
                "-alias",
                AUTHORITY,
                "-keystore",
                own.resolve(TRUST_STORE).toString(),
                "-storetype",
                "PKCS12",
                "-file",
                authority.toString());
        for (var each : List.of(request, certificate, authority)) {
            Files.delete(each);
        }
        ownersOnly(own.resolve(KEY_STORE));
    }

    private static String names(List<String> hosts) {
        return String.join(
                ",",
                hosts.stream().map(host -> (isAddress(host) ? "ip:" : "dns:") + host).toList());
    }

    private static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || host.matches("[0-9.]+");
    }

    private static String password(Path file) throws IOException {
        var bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        var password = HexFormat.of().formatHex(bytes);
        Files.writeString(file, password + "\n");
        ownersOnly(file);
        return password;
    }

    private static void ownersOnly(Path file) throws IOException {
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    /// The password goes through the environment: command lines can be read by all.
    private static void keytool(String password, String... arguments)
            throws IOException, KeysException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(QUICK_START);
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass:env", "INGOT_KEY_PASSWORD"));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("INGOT_KEY_PASSWORD", password);
        var process = builder.start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new KeysException("keytool " + arguments[0] + " failed: " + output.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KeysException("interrupted");
        }
    }
}
