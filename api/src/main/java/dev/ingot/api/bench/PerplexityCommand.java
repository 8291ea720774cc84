package dev.ingot.api.bench;

import dev.ingot.api.builtin.BuiltInModel;
import dev.ingot.api.console.ComputeFlags;
import dev.ingot.api.console.ConsoleCommand;
import dev.ingot.api.console.Table;
import dev.ingot.engine.files.ModelFiles;
import dev.ingot.engine.model.Models;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.TokenizerException;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.worker.InlineWorker;
import dev.ingot.worker.WorkerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// `ingot perplexity`: how well models, or one model in several formats, foretell a text.
@Command(
        name = "perplexity",
        description = "Compare models, or formats of one, by how well they foretell a text.",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Perplexity is e to the mean of -log p over all tokens but each document's first: the"
                    + " lower, the better.",
            "'differs' is the mean absolute difference of log p from the first row's. All models"
                    + " read the tokens",
            "that the first one makes of the text, so they must be of one vocabulary."
        })
public final class PerplexityCommand extends ConsoleCommand {
    @Parameters(
            arity = "0..*",
            paramLabel = "MODEL",
            description =
                    "Folders of Hugging Face checkpoints and files *.gguf (default: the built-in"
                            + " model).")
    private List<Path> models = List.of();

    @Option(
            names = "--text",
            paramLabel = "FILE",
            description =
                    "A text; of a file *.jsonl every line is a JSON string, a document of its own"
                            + " (default: text that the built-in model was not trained on).")
    private Path text = BuiltInModel.heldOutText();

    @Option(
            names = "--quantize",
            paramLabel = "4bit|8bit",
            split = ",",
            description = "Quantize the first model at load, too, as ingot serve does.")
    private List<String> quantize = List.of();

    @Option(
            names = "--numerics",
            paramLabel = "fast",
            description = "Read with the first model in fast numerics, too, as of ingot serve.")
    private @Nullable String numerics;

    @Option(
            names = "--max-documents",
            paramLabel = "N",
            description = "Read no more than these (default: all).")
    private int maxDocuments = Integer.MAX_VALUE;

    @Mixin private ComputeFlags compute = new ComputeFlags();

    /// A row of the table to be.
    private record Candidate(Path model, WeightLoading loading, Numerics numerics) {
        Candidate(Path model, WeightLoading loading) {
            this(model, loading, Numerics.EXACT);
        }

        String name() {
            return model.getFileName()
                    + (numerics == Numerics.FAST ? " --numerics fast" : "")
                    + switch (loading) {
                        case AS_STORED -> "";
                        case QUANTIZE_4BIT -> " --quantize 4bit";
                        case QUANTIZE_8BIT -> " --quantize 8bit";
                    };
        }
    }

    /// What a model found: the log probability of every token that is counted.
    private static final class Score {
        private final long weightBytes;
        private final double[] logProbabilities;

        Score(long weightBytes, double[] logProbabilities) {
            this.weightBytes = weightBytes;
            this.logProbabilities = logProbabilities;
        }

        int tokens() {
            return logProbabilities.length;
        }

        double perplexity() {
            double sum = 0;
            for (double p : logProbabilities) {
                sum += p;
            }
            return Math.exp(-sum / logProbabilities.length);
        }

        double differenceFrom(Score other) {
            double sum = 0;
            for (int i = 0; i < logProbabilities.length; i++) {
                sum += Math.abs(logProbabilities[i] - other.logProbabilities[i]);
            }
            return sum / logProbabilities.length;
        }
    }

    @Override
    public Integer call() throws IOException {
        requireValid(compute::threads);
        check(maxDocuments >= 1, "--max-documents is " + maxDocuments + ", expected at least 1");
        try {
            var candidates = candidates();
            var documents = documents(candidates.getFirst().model());
            var table = new Table("model", "MB", "tokens", "perplexity", "of the first", "differs");
            Score first = null;
            for (var candidate : candidates) {
                err().println("reading with " + candidate.name());
                var score = score(candidate, documents);
                first = first == null ? score : first;
                table.add(
                        candidate.name(),
                        Table.number(score.weightBytes / 1e6, 1),
                        String.valueOf(score.tokens()),
                        Table.number(score.perplexity(), 4),
                        String.format(
                                Locale.ROOT,
                                "%+.2f %%",
                                100 * (score.perplexity() / first.perplexity() - 1)),
                        Table.number(score.differenceFrom(first), 5));
            }
            out().print(table.text());
            out().flush();
            return 0;
        } catch (CheckpointException
                | TokenizerException
                | DeviceException
                | IllegalArgumentException e) {
            err().println("ingot: " + e.getMessage());
            return 1;
        }
    }

    private List<Candidate> candidates() {
        var given = models.isEmpty() ? List.of(BuiltInModel.folder()) : models;
        var candidates = new ArrayList<Candidate>();
        candidates.add(new Candidate(given.getFirst(), WeightLoading.AS_STORED));
        check(
                numerics == null || numerics.equals("fast"),
                "--numerics is '" + numerics + "', expected fast: exact ones come first anyway");
        if (numerics != null) {
            candidates.add(new Candidate(given.getFirst(), WeightLoading.AS_STORED, Numerics.FAST));
        }
        for (var bits : quantize) {
            check(
                    bits.equals("4bit") || bits.equals("8bit"),
                    "--quantize is '" + bits + "', expected 4bit or 8bit");
            candidates.add(
                    new Candidate(
                            given.getFirst(),
                            bits.equals("4bit")
                                    ? WeightLoading.QUANTIZE_4BIT
                                    : WeightLoading.QUANTIZE_8BIT));
        }
        given.stream()
                .skip(1)
                .forEach(m -> candidates.add(new Candidate(m, WeightLoading.AS_STORED)));
        return candidates;
    }

    /// The tokens of each document, cut to what the first model can read at once.
    private List<Tokens> documents(Path model) throws IOException {
        check(Files.isRegularFile(text), "--text is '" + text + "', which is no file");
        var files = ModelFiles.at(model);
        int longest = files.config().maxPositions();
        var documents = new ArrayList<Tokens>();
        try (var tokenizer = files.tokenizer()) {
            for (var document : strings()) {
                var tokens = tokenizer.encode(document, true);
                if (tokens.size() > 1 && documents.size() < maxDocuments) {
                    documents.add(
                            tokens.size() > longest
                                    ? Tokens.of(tokens.toArray(), 0, longest)
                                    : tokens);
                }
            }
        }
        check(!documents.isEmpty(), "--text '" + text + "' has no document of two tokens");
        return documents;
    }

    private List<String> strings() throws IOException {
        if (!text.toString().endsWith(".jsonl")) {
            return List.of(Files.readString(text));
        }
        var strings = new ArrayList<String>();
        for (var line : Files.readAllLines(text)) {
            try {
                strings.add(JsonMapper.shared().readValue(line, String.class));
            } catch (JacksonException e) {
                throw wrong(
                        text
                                + ", line "
                                + (strings.size() + 1)
                                + ": expected a JSON string: "
                                + e.getOriginalMessage());
            }
        }
        return strings;
    }

    private Score score(Candidate candidate, List<Tokens> documents) {
        int longest = documents.stream().mapToInt(Tokens::size).max().orElseThrow();
        int largest =
                documents.stream()
                        .flatMapToInt(t -> Arrays.stream(t.toArray()))
                        .max()
                        .orElseThrow();
        var settings = settings(candidate, longest);
        try (var worker = InlineWorker.load(settings, System::nanoTime)) {
            if (largest >= worker.model().vocabulary()) {
                throw new IllegalArgumentException(
                        candidate.name()
                                + " has a vocabulary of "
                                + worker.model().vocabulary()
                                + ", but the first model reads token "
                                + largest
                                + " in the text");
            }
            var scorer = new TextScorer(worker, settings.maxSequences());
            double[] all =
                    documents.stream()
                            .flatMapToDouble(d -> Arrays.stream(scorer.logProbabilities(d)))
                            .toArray();
            return new Score(worker.weightBytes(), all);
        }
    }

    private WorkerSettings settings(Candidate candidate, int longest) {
        var defaults = WorkerSettings.defaults(candidate.model());
        var config = ModelFiles.at(candidate.model()).config();
        var kv =
                Models.kvGeometry(
                        config,
                        defaults.blockSize(),
                        Math.ceilDiv(longest, defaults.blockSize())
                                * Models.kvGroups(config).count(),
                        defaults.kvCacheType());
        return new WorkerSettings(
                candidate.model(),
                compute.device().orElse("auto"),
                compute.threads(),
                OptionalInt.of(longest),
                defaults.maxSequences(),
                defaults.maxStepTokens(),
                defaults.blockSize(),
                OptionalLong.of(kv.bytes()),
                OptionalDouble.empty(),
                defaults.kvCacheType(),
                candidate.loading(),
                candidate.numerics());
    }
}
