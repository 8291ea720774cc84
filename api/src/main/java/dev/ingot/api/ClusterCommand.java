package dev.ingot.api;

import dev.ingot.api.cluster.ClusterKeys;
import dev.ingot.api.cluster.ClusterKeys.KeysException;
import dev.ingot.api.cluster.ClusterKeys.NodeKeys;
import dev.ingot.api.console.Table;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `ingot cluster`: keys for a cluster, and what an operator asks a router.
@Command(
        name = "cluster",
        description = "Make keys for a cluster, see its nodes, drain one.",
        mixinStandardHelpOptions = true,
        subcommands = {
            ClusterCommand.Init.class,
            ClusterCommand.Status.class,
            ClusterCommand.Drain.class,
            ClusterCommand.Resume.class,
            ClusterCommand.Canary.class
        })
final class ClusterCommand {
    private ClusterCommand() {}

    @Command(
            name = "init",
            description = {
                "Write keys by which the nodes of a cluster know each other.",
                "The first time it makes the authority that signs them; run it again to add nodes."
            },
            mixinStandardHelpOptions = true)
    static final class Init implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "DIR", description = "Folder for the keys.")
        private Path folder = Path.of("");

        @Parameters(
                index = "1..*",
                arity = "1..*",
                paramLabel = "NAME=HOST[,HOST…]",
                description = "A node, and the names and addresses under which others reach it.")
        private List<String> nodes = List.of();

        @Override
        public Integer call() {
            var keys = new ArrayList<NodeKeys>();
            for (var node : nodes) {
                int equals = node.indexOf('=');
                String name = equals < 0 ? node : node.substring(0, equals);
                String hosts = equals < 0 ? node : node.substring(equals + 1);
                if (!name.matches("[A-Za-z0-9._-]+") || hosts.isEmpty()) {
                    System.err.println(
                            "ingot: '" + node + "' is no node, expected NAME=HOST[,HOST…]");
                    return 2;
                }
                keys.add(new NodeKeys(name, List.of(hosts.split(","))));
            }
            try {
                ClusterKeys.init(folder, keys);
            } catch (KeysException e) {
                System.err.println("ingot: " + e.getMessage());
                return 1;
            }
            for (var key : keys) {
                System.out.println(
                        folder.resolve(key.name())
                                + ": copy it to "
                                + key.hosts().getFirst()
                                + " and add --cluster-keys with its place there to 'ingot serve'");
            }
            System.out.println(
                    "Keep "
                            + folder.resolve("authority.p12")
                            + " and its password here: whoever has them can let nodes in.");
            return 0;
        }
    }

    /// What all of them need to speak with a router.
    abstract static class Asking implements Callable<Integer> {
        private static final JsonMapper JSON = JsonMapper.builder().build();

        @Option(
                names = "--url",
                paramLabel = "URL",
                description = "The router's admin API (default: ${DEFAULT-VALUE}).")
        private String url = "http://127.0.0.1:" + ClusterFlags.DEFAULT_ADMIN_PORT;

        @Option(names = "--json", description = "Print what the router answers as it is.")
        private boolean json;

        abstract HttpRequest.Builder request(String url);

        @Override
        public Integer call() throws InterruptedException {
            HttpResponse<String> response;
            try (var client = HttpClient.newHttpClient()) {
                response = client.send(request(url).build(), BodyHandlers.ofString());
            } catch (IOException e) {
                System.err.println("ingot: no router answers at " + url + ": " + e.getMessage());
                return 1;
            }
            if (response.statusCode() != 200) {
                System.err.println(
                        "ingot: "
                                + JSON.readTree(response.body())
                                        .path("error")
                                        .path("message")
                                        .asString(response.body()));
                return 1;
            }
            System.out.print(json ? response.body() + "\n" : table(JSON.readTree(response.body())));
            return 0;
        }

        static String query(String path, String name, Object value) {
            return path
                    + (path.indexOf('?') < 0 ? '?' : '&')
                    + name
                    + "="
                    + URLEncoder.encode(String.valueOf(value), StandardCharsets.UTF_8);
        }

        private static String table(JsonNode cluster) {
            var text = new StringBuilder();
            text.append("router ").append(cluster.path("router").asString()).append('\n');
            if (cluster.path("waiting").intValue() > 0) {
                text.append(cluster.path("waiting").intValue())
                        .append(" requests wait for an engine\n");
            }
            var rows =
                    new Table(
                            "node",
                            "state",
                            "model",
                            "streams",
                            "running",
                            "waiting",
                            "KV used",
                            "numeric class",
                            "remarks");
            for (var node : cluster.path("nodes")) {
                var card = node.path("card");
                rows.add(
                        node.path("node").asString(),
                        node.path("state").asString(),
                        card.path("model").asString("-"),
                        node.path("streams").asString(),
                        node.path("running").asString(),
                        node.path("waiting").asString(),
                        "%.0f %%".formatted(100 * node.path("kvUsage").doubleValue()),
                        card.path("numericClass").asString("-")
                                + (node.path("otherNumericClass").booleanValue() ? " (other)" : ""),
                        remark(node));
            }
            return text.append(rows.text()).toString();
        }

        private static String remark(JsonNode node) {
            var remarks = new ArrayList<String>();
            if (!node.path("trouble").asString("").isEmpty()) {
                remarks.add(node.path("trouble").asString());
            }
            if (!node.path("breaker").asString("").equals("closed")) {
                remarks.add("breaker " + node.path("breaker").asString());
            }
            if (node.path("canaryPercent").intValue() < 100) {
                remarks.add("canary, " + node.path("canaryPercent").intValue() + " %");
            }
            return String.join("; ", remarks);
        }
    }

    @Command(
            name = "status",
            description = "Nodes, load, KV use and streams.",
            mixinStandardHelpOptions = true)
    static final class Status extends Asking {
        @Override
        HttpRequest.Builder request(String url) {
            return HttpRequest.newBuilder(URI.create(url + "/cluster"));
        }
    }

    @Command(
            name = "drain",
            description = "Send nothing new to a node; move what is left after the grace.",
            mixinStandardHelpOptions = true)
    static final class Drain extends Asking {
        @Parameters(paramLabel = "NODE", description = "As in 'ingot cluster status'.")
        private String node = "";

        @Option(
                names = "--grace",
                paramLabel = "SECONDS",
                description = "How long its streams may take to end (default: ${DEFAULT-VALUE}).")
        private int grace = 30;

        @Override
        HttpRequest.Builder request(String url) {
            return HttpRequest.newBuilder(
                            URI.create(
                                    query(
                                            query(url + "/cluster/drain", "node", node),
                                            "grace",
                                            grace)))
                    .POST(HttpRequest.BodyPublishers.noBody());
        }
    }

    @Command(
            name = "resume",
            description = "Use a node again that was drained.",
            mixinStandardHelpOptions = true)
    static final class Resume extends Asking {
        @Parameters(paramLabel = "NODE", description = "As in 'ingot cluster status'.")
        private String node = "";

        @Override
        HttpRequest.Builder request(String url) {
            return HttpRequest.newBuilder(URI.create(query(url + "/cluster/resume", "node", node)))
                    .POST(HttpRequest.BodyPublishers.noBody());
        }
    }

    @Command(
            name = "canary",
            description = "Send only a share of the requests to a node.",
            mixinStandardHelpOptions = true)
    static final class Canary extends Asking {
        @Parameters(index = "0", paramLabel = "NODE", description = "As in 'ingot cluster status'.")
        private String node = "";

        @Parameters(
                index = "1",
                paramLabel = "PERCENT",
                description = "0 to 100; 100 for a node like the others.")
        private int percent = 100;

        @Override
        HttpRequest.Builder request(String url) {
            return HttpRequest.newBuilder(
                            URI.create(
                                    query(
                                            query(url + "/cluster/canary", "node", node),
                                            "percent",
                                            percent)))
                    .POST(HttpRequest.BodyPublishers.noBody());
        }
    }
}
