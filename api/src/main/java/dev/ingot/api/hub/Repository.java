package dev.ingot.api.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/// A model on the Hub: `ORG/NAME`, at a branch, tag or commit, and for repositories of GGUF files which of them.
///
/// @param revision a branch, tag or commit
/// @param quantization part of a GGUF file's name (`Q4_K_M`); empty for a repository of safetensors
public record Repository(
        String organization, String name, String revision, Optional<String> quantization) {
    private static final String PART = "[A-Za-z0-9][A-Za-z0-9._-]{0,95}";
    private static final Pattern FORM =
            Pattern.compile(
                    "("
                            + PART
                            + ")/("
                            + PART
                            + ")(?::([A-Za-z0-9._-]{1,64}))?(?:@([A-Za-z0-9][A-Za-z0-9._/-]{0,127}))?");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    /// Reads `ORG/NAME[:QUANT][@REVISION]`; empty if it is not of that form.
    public static Optional<Repository> parse(String text) {
        var form = FORM.matcher(text);
        if (!form.matches()) {
            return Optional.empty();
        }
        var revision = form.group(4) == null ? "main" : form.group(4);
        for (var part : new String[] {form.group(1), form.group(2), revision}) {
            if (part.contains("..") || part.contains("--") || part.contains("//")) {
                return Optional.empty();
            }
        }
        if (revision.endsWith("/") || revision.contains("/.")) {
            return Optional.empty();
        }
        return Optional.of(
                new Repository(
                        form.group(1),
                        form.group(2),
                        revision,
                        Optional.ofNullable(form.group(3))));
    }

    /// `ORG/NAME`
    public String id() {
        return organization + "/" + name;
    }

    /// Its folder in the cache.
    String folder() {
        return "models--" + organization + "--" + name;
    }

    boolean isCommit() {
        return isCommit(revision);
    }

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    @Override
    public String toString() {
        return id()
                + quantization.map(q -> ":" + q).orElse("")
                + (revision.equals("main") ? "" : "@" + revision);
    }
}
