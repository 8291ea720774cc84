package dev.ingot.api.hub;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/// One repository's folder in the cache, laid out as huggingface_hub does.
final class HubCache {
    private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private final Path root;
    private final Path folder;
    private final Repository repository;

    HubCache(Path root, Repository repository) {
        this.root = root;
        this.repository = repository;
        this.folder = root.resolve(repository.folder());
    }

    /// The snapshot of the revision, if it was ever downloaded.
    Optional<Path> snapshot() throws IOException {
        var commit = repository.revision();
        if (!repository.isCommit()) {
            var ref = folder.resolve("refs").resolve(repository.revision());
            if (!Files.isRegularFile(ref)) {
                return Optional.empty();
            }
            commit = Files.readString(ref).strip();
        }
        if (!Repository.isCommit(commit)) {
            return Optional.empty();
        }
        return Optional.of(snapshot(commit)).filter(Files::isDirectory);
    }

    Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    /// @throws HubException if the server's name for the content could be no file's name
    Path blob(String etag) throws HubException {
        if (!ETAG.matcher(etag).matches() || etag.contains("..")) {
            throw new HubException(
                    repository + ": expected an ETag that names content, found '" + etag + "'");
        }
        return folder.resolve("blobs").resolve(etag);
    }

    Path lock(String etag) {
        return root.resolve(".locks").resolve(repository.folder()).resolve(etag + ".lock");
    }

    /// Makes a blob visible in a snapshot: by a relative link, or a copy where links are not possible.
    ///
    /// @param file checked by [#requireInside]
    void link(String commit, String file, Path blob) throws IOException {
        var link = snapshot(commit).resolve(file);
        var above = Objects.requireNonNull(link.getParent(), "a snapshot is above");
        Files.createDirectories(above);
        if (Files.exists(link) && Files.isSameFile(link, blob)) {
            return;
        }
        Files.deleteIfExists(link);
        try {
            Files.createSymbolicLink(link, above.relativize(blob));
        } catch (UnsupportedOperationException | FileAlreadyExistsException e) {
            Files.copy(blob, link, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    void rememberRevision(String commit) throws IOException {
        if (repository.isCommit()) {
            return;
        }
        var ref = folder.resolve("refs").resolve(repository.revision());
        Files.createDirectories(ref.getParent());
        var fresh = Files.createTempFile(ref.getParent(), "ref", ".incomplete");
        Files.writeString(fresh, commit);
        Files.move(fresh, ref, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /// @throws HubException if a file's name in the repository would lie outside of the snapshot
    static String requireInside(Repository repository, String file) throws HubException {
        boolean plain =
                !file.isEmpty()
                        && file.length() <= 512
                        && file.chars().noneMatch(c -> c < ' ' || c == '\\' || c == ':');
        if (plain) {
            for (var part : file.split("/", -1)) {
                plain &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
            }
        }
        if (!plain) {
            throw new HubException(
                    repository + ": expected names of files in a folder, found '" + file + "'");
        }
        return file;
    }
}
