package dev.ingot.api.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HubDownloadsTest {
    private static final Repository TINY = Repository.parse("org/tiny").orElseThrow();

    /// Three chunks, the last one short.
    private static final byte[] WEIGHTS = new byte[2 * BlobDownload.CHUNK_BYTES + 12_345];

    static {
        new Random(7).nextBytes(WEIGHTS);
    }

    @TempDir private Path cache;
    private FakeHub hub;

    @BeforeEach
    void startTheHub() throws IOException {
        hub =
                new FakeHub()
                        .with("config.json", "{}")
                        .with("README.md", "not wanted")
                        .with("additional_chat_templates/rag.jinja", "x")
                        .with("model.safetensors", WEIGHTS);
    }

    @AfterEach
    void stopTheHub() {
        hub.close();
    }

    @Test
    void aModelLiesInTheCacheAsHuggingFaceLaysItOut() throws Exception {
        var snapshot = downloads().pull(TINY);
        var folder = cache.resolve("models--org--tiny");
        assertThat(snapshot).isEqualTo(folder.resolve("snapshots").resolve(FakeHub.COMMIT));
        assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(Files.readSymbolicLink(snapshot.resolve("model.safetensors")))
                .isEqualTo(Path.of("../../blobs").resolve(FakeHub.sha256(WEIGHTS)));
        assertThat(snapshot.resolve("additional_chat_templates/rag.jinja")).hasContent("x");
        assertThat(snapshot.resolve("README.md")).doesNotExist();
        assertThat(folder.resolve("refs/main")).hasContent(FakeHub.COMMIT);
        assertThat(leftovers()).isZero();
    }

    @Test
    void whatIsInTheCacheIsNotDownloadedAgain() throws Exception {
        downloads().pull(TINY);
        hub.requests.clear();
        downloads().pull(TINY);
        assertThat(hub.requests).noneMatch(request -> request.startsWith("GET /org"));
    }

    @Test
    void aLostConnectionGoesOnWhereItBroke() throws Exception {
        hub.cuts.set(3);
        var snapshot = downloads().pull(TINY);
        assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.requests)
                .filteredOn(request -> request.contains("GET") && request.contains("safetensors"))
                .hasSizeGreaterThan(3)
                .anyMatch(request -> !startsAChunk(request));
    }

    private static boolean startsAChunk(String request) {
        int from = request.indexOf("bytes=") + "bytes=".length();
        long start = Long.parseLong(request, from, request.indexOf('-', from), 10);
        return start % BlobDownload.CHUNK_BYTES == 0;
    }

    @Test
    void anotherProcessGoesOnWithTheChunksThatAreThere() throws Exception {
        var blob = cache.resolve("models--org--tiny/blobs").resolve(FakeHub.sha256(WEIGHTS));
        Files.createDirectories(blob.getParent());
        var partial = WEIGHTS.clone();
        Arrays.fill(partial, BlobDownload.CHUNK_BYTES, partial.length, (byte) 0);
        Files.write(blob.resolveSibling(blob.getFileName() + ".ingot.incomplete"), partial);
        Files.writeString(
                blob.resolveSibling(blob.getFileName() + ".ingot.chunks"),
                WEIGHTS.length + " bytes in chunks of " + BlobDownload.CHUNK_BYTES + "\n0\n");
        assertThat(downloads().pull(TINY).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.requests)
                .filteredOn(request -> request.contains("GET") && request.contains("safetensors"))
                .hasSize(2)
                .noneMatch(request -> request.contains("bytes=0-"));
    }

    @Test
    void corruptedContentIsThrownAway() throws Exception {
        hub.corruption =
                bytes -> {
                    var changed = bytes.clone();
                    changed[bytes.length / 2] ^= 1;
                    return changed;
                };
        assertThatThrownBy(() -> downloads().pull(TINY))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("expected content of hash");
        assertThat(leftovers()).isZero();
        hub.corruption = bytes -> bytes;
        assertThat(downloads().pull(TINY).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void contentThatWasDamagedOnceIsFetchedOnceMore() throws Exception {
        var damaged = new AtomicInteger(3); // all chunks, in whatever order
        hub.corruption =
                bytes -> {
                    if (bytes.length != WEIGHTS.length || damaged.getAndDecrement() <= 0) {
                        return bytes;
                    }
                    var changed = bytes.clone();
                    changed[bytes.length - 1] ^= 1;
                    return changed;
                };
        assertThat(downloads().pull(TINY).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.requests)
                .filteredOn(request -> request.contains("GET") && request.contains("safetensors"))
                .hasSize(6);
        assertThat(leftovers()).isZero();
    }

    @Test
    void theTokenStaysWithTheHubWhereContentLiesElsewhere() throws Exception {
        hub.hasCdn = true;
        hub.requiredToken = Optional.of("secret");
        var settings = settings(hub.url(), Optional.of("secret"), false);
        var snapshot = new HubDownloads(settings, (_, _, _) -> {}).pull(TINY);
        assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
        assertThat(hub.requests).filteredOn(request -> request.startsWith("CDN")).hasSize(3);
    }

    @Test
    void aServerThatIsBusyIsAskedAgain() throws Exception {
        hub.failures.set(4);
        assertThat(downloads().pull(TINY).resolve("config.json")).hasContent("{}");
    }

    @Test
    void aServerWithoutRangesWillDo() throws Exception {
        hub.ignoresRanges = true;
        assertThat(downloads().pull(TINY).resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void aGatedModelIsExplained() {
        hub.requiredToken = Optional.of("secret");
        assertThatThrownBy(() -> downloads().pull(TINY))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("accept its licence at " + hub.url() + "/org/tiny")
                .hasMessageContaining("HF_TOKEN")
                .hasMessageNotContaining("secret");
    }

    @Test
    void theTokenIsSent() throws Exception {
        hub.requiredToken = Optional.of("secret");
        var settings = settings(hub.url(), Optional.of("secret"), false);
        assertThat(new HubDownloads(settings, (_, _, _) -> {}).pull(TINY)).exists();
    }

    @Test
    void whereTheHubIsOutOfReachTheCacheIsUsedAndSaysSo() throws Exception {
        downloads().pull(TINY);
        hub.close();
        var model = downloads().obtain(TINY);
        assertThat(model.path().resolve("config.json")).hasContent("{}");
        assertThat(model.note().orElseThrow()).contains("cannot be reached");
    }

    @Test
    void offlineNothingIsAskedOfTheNetwork() throws Exception {
        downloads().pull(TINY);
        hub.requests.clear();
        var offline =
                new HubDownloads(settings(hub.url(), Optional.empty(), true), (_, _, _) -> {});
        assertThat(offline.obtain(TINY).path()).exists();
        assertThat(hub.requests).isEmpty();
        assertThatThrownBy(() -> offline.obtain(Repository.parse("org/other").orElseThrow()))
                .hasMessageContaining("HF_HUB_OFFLINE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../../escape", "a/../../b", "/etc/passwd", "a//b", "a\\b", ""})
    void aFileOutsideOfTheSnapshotIsRefused(String name) {
        hub.with(name, "x");
        assertThatThrownBy(() -> downloads().pull(TINY))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("expected names of files in a folder");
    }

    @Test
    void anEtagThatIsAPathIsRefused() {
        hub.falseEtag = Optional.of("../../../escape");
        assertThatThrownBy(() -> downloads().pull(TINY))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("expected an ETag");
    }

    @Test
    void oneGgufFileOfManyIsChosenByItsName() throws Exception {
        hub.with("tiny-Q4_K_M.gguf", "four").with("tiny-Q8_0.gguf", "eight");
        var chosen = downloads().pull(Repository.parse("org/tiny:q8_0").orElseThrow());
        assertThat(chosen).hasFileName("tiny-Q8_0.gguf").hasContent("eight");
        assertThatThrownBy(() -> downloads().pull(Repository.parse("org/tiny:Q4").orElseThrow()))
                .hasMessageContaining("tiny-Q4_K_M.gguf, tiny-Q8_0.gguf");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tiny",
                "a/b/c",
                "../b",
                "a/..",
                "a/b@../x",
                "a/b@x/../y",
                "a--b/c",
                "/a/b",
                "a/b@",
                "a b/c"
            })
    void whatIsNoNameOfARepositoryIsNone(String text) {
        assertThat(Repository.parse(text)).isEmpty();
    }

    @Test
    void theVariablesOfTheHubsClientsAreRead() throws Exception {
        var home = cache.resolve("home");
        assertThat(HubSettings.of(Map.of(), home).cache())
                .isEqualTo(home.resolve(".cache/huggingface/hub"));
        Files.createDirectories(home);
        Files.writeString(home.resolve("token"), "abc\n");
        var settings =
                HubSettings.of(
                        Map.of(
                                "HF_HOME",
                                home.toString(),
                                "HF_ENDPOINT",
                                "http://mirror:8080/",
                                "HF_HUB_OFFLINE",
                                "1"),
                        home);
        assertThat(settings.cache()).isEqualTo(home.resolve("hub"));
        assertThat(settings.endpoint()).isEqualTo(URI.create("http://mirror:8080"));
        assertThat(settings.token()).hasValue("abc");
        assertThat(settings.offline()).isTrue();
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", "mirror"), home))
                .hasMessageContaining("HF_ENDPOINT is 'mirror'");
    }

    private HubDownloads downloads() {
        return new HubDownloads(settings(hub.url(), Optional.empty(), false), (_, _, _) -> {});
    }

    private HubSettings settings(URI endpoint, Optional<String> token, boolean offline) {
        return new HubSettings(
                endpoint, cache, token, offline, Duration.ofMillis(1), Duration.ofSeconds(5));
    }

    private long leftovers() throws IOException {
        try (var files = Files.list(cache.resolve("models--org--tiny/blobs"))) {
            return files.filter(file -> file.toString().contains(".ingot.")).count();
        }
    }
}
