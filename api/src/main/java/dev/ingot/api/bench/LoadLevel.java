package dev.ingot.api.bench;

import dev.ingot.api.bench.ServerProbe.Steps;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/// What one level of load came to.
///
/// @param concurrency requests that were under way at once
/// @param beside what else went on, not among the answers
/// @param answers of all requests
/// @param seconds from the first request to the last token
/// @param steps that the server ran meanwhile
/// @param foreignCores cores that neither we nor the server kept busy
record LoadLevel(
        int concurrency,
        Beside beside,
        List<Answer> answers,
        double seconds,
        Steps steps,
        OptionalDouble foreignCores) {
    /// What a level has to bear besides its clients.
    ///
    /// @param slowReaders clients that read slowly
    /// @param busyThreads threads of another program that never sleep
    record Beside(int slowReaders, int busyThreads) {
        static final Beside NOTHING = new Beside(0, 0);

        boolean isNothing() {
            return equals(NOTHING);
        }

        @Override
        public String toString() {
            return (slowReaders == 0 ? "" : " + " + slowReaders + " slow")
                    + (busyThreads == 0 ? "" : " + " + busyThreads + " busy");
        }
    }

    LoadLevel {
        answers = List.copyOf(answers);
    }

    private List<Answer> good() {
        return answers.stream().filter(Answer::succeeded).toList();
    }

    int errors() {
        return answers.size() - good().size();
    }

    double outputTokensPerSecond() {
        return good().stream().mapToInt(Answer::outputTokens).sum() / seconds;
    }

    double requestsPerSecond() {
        return good().size() / seconds;
    }

    double meanPromptTokens() {
        return good().stream().mapToInt(Answer::promptTokens).average().orElse(Double.NaN);
    }

    Figures ttftMillis() {
        return Figures.of(good().stream().mapToDouble(Answer::ttftMillis).toArray());
    }

    Figures interTokenMillis() {
        return Figures.of(good().stream().flatMapToDouble(Answer::interTokenMillis).toArray());
    }

    Figures tpotMillis() {
        return Figures.of(
                Arrays.stream(good().stream().mapToDouble(Answer::tpotMillis).toArray())
                        .filter(Double::isFinite)
                        .toArray());
    }

    /// Share of the steps' time that the device did not compute; NaN where the server does not tell.
    double shareOutsideDevice() {
        return 1 - steps.deviceSeconds() / steps.seconds();
    }

    /// Share of the clients' time, one request after another, that the device did not compute: HTTP, actors, text
    /// and waiting. Has a meaning only where nothing runs beside; NaN where the server does not tell.
    double shareOutsideDeviceForTheClient() {
        double waited = good().stream().mapToDouble(Answer::totalSeconds).sum();
        return steps.steps() > 0 ? 1 - steps.deviceSeconds() / waited : Double.NaN;
    }
}
