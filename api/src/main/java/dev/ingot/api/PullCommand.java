package dev.ingot.api;

import dev.ingot.api.console.ConsoleCommand;
import dev.ingot.api.hub.HubDownloads;
import dev.ingot.api.hub.HubException;
import dev.ingot.api.hub.HubSettings;
import dev.ingot.api.hub.Repository;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `ingot pull`: brings a model into the Hugging Face cache.
@Command(
        name = "pull",
        description = "Download a model from the Hugging Face Hub into its usual cache.",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "An interrupted download goes on where it was. Environment: HF_ENDPOINT, HF_HOME,"
                    + " HF_HUB_CACHE,",
            "HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE."
        })
final class PullCommand extends ConsoleCommand {
    @Parameters(
            index = "0",
            paramLabel = "ORG/NAME[:QUANT][@REV]",
            description =
                    "The model; QUANT is a part of a GGUF file's name (Q4_K_M), REV a branch, tag"
                            + " or commit.")
    private String model = "";

    @Override
    public Integer call() throws InterruptedException {
        var repository = Repository.parse(model);
        if (repository.isEmpty()) {
            throw wrong("'" + model + "' is no model of the Hub; expected ORG/NAME[:QUANT][@REV]");
        }
        try {
            out().println(downloads().pull(repository.get()));
            return 0;
        } catch (HubException e) {
            err().println("ingot: " + e.getMessage());
            return 1;
        }
    }

    /// With the environment's settings and a progress line on the standard error.
    static HubDownloads downloads() throws HubException {
        var settings =
                HubSettings.of(System.getenv(), Path.of(System.getProperty("user.home", ".")));
        return new HubDownloads(settings, ConsoleProgress.onStandardError());
    }
}
