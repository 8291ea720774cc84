package dev.ingot.api.hub;

import dev.ingot.api.hub.HubClient.Content;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Brings models from the Hub into the cache.
///
/// What is in the cache is used as it is, whoever put it there. What a download brought before it was interrupted is kept
/// and not fetched again.
public final class HubDownloads {
    private static final Set<String> FILES =
            Set.of(
                    "config.json",
                    "generation_config.json",
                    "tokenizer.json",
                    "tokenizer_config.json",
                    "special_tokens_map.json",
                    "tokenizer.model",
                    "tekken.json",
                    "qwen.tiktoken",
                    "chat_template.jinja",
                    "chat_template.json",
                    "model.safetensors.index.json");

    /// Left free on the disk beside the model.
    private static final long SPARE_BYTES = 256L << 20;

    private final HubSettings settings;
    private final HubProgress progress;

    public HubDownloads(HubSettings settings, HubProgress progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /// A model that is ready to be loaded.
    ///
    /// @param path a folder, or a GGUF file
    /// @param note what the user should know; empty if all is as asked
    public record Model(Path path, Optional<String> note) {}

    /// The model, from the cache where the Hub need not or cannot be asked, else as it is on the Hub now.
    ///
    /// @throws HubException if it cannot be had
    public Model obtain(Repository repository) throws HubException, InterruptedException {
        var cached = cached(repository);
        if (cached.isPresent() && (settings.offline() || repository.isCommit())) {
            return new Model(cached.get(), Optional.empty());
        }
        if (settings.offline()) {
            throw new HubException(
                    repository
                            + " is not in the cache "
                            + settings.cache()
                            + ", and HF_HUB_OFFLINE forbids to download it");
        }
        try {
            return new Model(pull(repository), Optional.empty());
        } catch (HubUnreachableException e) {
            if (cached.isEmpty()) {
                throw e;
            }
            return new Model(
                    cached.get(),
                    Optional.of(e.getMessage() + "; using what the cache has of this model"));
        }
    }

    /// Downloads what is missing of the model.
    ///
    /// @return a folder, or a GGUF file
    public Path pull(Repository repository) throws HubException, InterruptedException {
        var cache = new HubCache(settings.cache(), repository);
        try (var client = new HubClient(settings)) {
            var listing = client.list(repository);
            var contents = new ArrayList<Content>();
            for (var file : wanted(repository, listing.files())) {
                contents.add(client.describe(repository, listing.commit(), file));
            }
            requireSpace(repository, cache, contents);
            var tally = new Tally(progress, contents);
            for (var content : contents) {
                var blob = cache.blob(content.etag());
                if (Files.isRegularFile(blob) && Files.size(blob) == content.bytes()) {
                    tally.add(content.file(), content.bytes());
                } else {
                    download(client, repository, listing.commit(), content, cache, tally);
                }
                cache.link(listing.commit(), content.file(), blob);
            }
            cache.rememberRevision(listing.commit());
            var snapshot = cache.snapshot(listing.commit());
            return repository.quantization().isPresent()
                    ? snapshot.resolve(contents.getFirst().file())
                    : snapshot;
        } catch (IOException e) {
            throw new HubException(
                    repository + ": the cache " + settings.cache() + " cannot be written: " + e, e);
        }
    }

    private void download(
            HubClient client,
            Repository repository,
            String commit,
            Content content,
            HubCache cache,
            Tally tally)
            throws IOException, HubException, InterruptedException {
        var lock = cache.lock(content.etag());
        Files.createDirectories(lock.getParent());
        Files.createDirectories(cache.blob(content.etag()).getParent());
        try (var channel =
                        FileChannel.open(
                                lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var _ = channel.lock()) {
            var blob = cache.blob(content.etag());
            new BlobDownload(client, settings, repository, commit, content, blob)
                    .run(bytes -> tally.add(content.file(), bytes));
        }
    }

    private Optional<Path> cached(Repository repository) throws HubException {
        try {
            var snapshot = new HubCache(settings.cache(), repository).snapshot();
            if (snapshot.isEmpty()) {
                return Optional.empty();
            }
            return Snapshots.complete(snapshot.get(), repository.quantization());
        } catch (IOException e) {
            throw new HubException(
                    repository + ": the cache " + settings.cache() + " cannot be read: " + e, e);
        }
    }

    private static List<String> wanted(Repository repository, List<String> files)
            throws HubException {
        if (repository.quantization().isPresent()) {
            return Snapshots.ggufParts(repository, files);
        }
        var wanted = new ArrayList<String>();
        boolean isSharded =
                files.contains("model.safetensors.index.json")
                        && !files.contains("model.safetensors");
        for (var file : files) {
            boolean weights =
                    isSharded
                            ? file.endsWith(".safetensors") && file.indexOf('/') < 0
                            : file.equals("model.safetensors");
            boolean template =
                    file.startsWith("additional_chat_templates/") && file.endsWith(".jinja");
            if (weights || template || FILES.contains(file)) {
                wanted.add(file);
            }
        }
        if (wanted.stream().noneMatch(file -> file.endsWith(".safetensors"))) {
            var ggufs =
                    files.stream()
                            .filter(f -> f.toLowerCase(Locale.ROOT).endsWith(".gguf"))
                            .toList();
            throw new HubException(
                    repository
                            + ": expected model.safetensors or its index, found neither"
                            + (ggufs.isEmpty()
                                    ? ""
                                    : "; choose one of its GGUF files as "
                                            + repository.id()
                                            + ":QUANT, QUANT being a part of its name: "
                                            + String.join(", ", ggufs)));
        }
        return wanted;
    }

    private void requireSpace(Repository repository, HubCache cache, List<Content> contents)
            throws IOException, HubException {
        long missing = 0;
        for (var content : contents) {
            var blob = cache.blob(content.etag());
            if (!Files.isRegularFile(blob)) {
                missing += Math.max(0, content.bytes() - BlobDownload.bytesThere(blob, content));
            }
        }
        if (missing == 0) {
            return;
        }
        Files.createDirectories(settings.cache());
        long free = Files.getFileStore(settings.cache()).getUsableSpace();
        if (missing > free - SPARE_BYTES) {
            throw new HubException(
                    repository
                            + ": "
                            + mib(missing)
                            + " are to be downloaded and the disk of "
                            + settings.cache()
                            + " has "
                            + mib(free)
                            + " free ("
                            + mib(SPARE_BYTES)
                            + " are left alone); make room, or set HF_HUB_CACHE to another disk");
        }
    }

    private static String mib(long bytes) {
        return (bytes >> 20) + " MiB";
    }

    /// Bytes of all files together.
    private static final class Tally {
        private final HubProgress progress;
        private final long total;
        private long done;

        Tally(HubProgress progress, List<Content> contents) {
            this.progress = progress;
            this.total = contents.stream().mapToLong(Content::bytes).sum();
        }

        synchronized void add(String file, long bytes) {
            done += bytes;
            progress.at(file, done, total);
        }
    }
}
