package dev.ingot.engine.text.jinja;

/// What is left of a rendering's [Limits]. Everything that works for a template pays here, wherever it is called
/// from: a value printed can be as expensive as a loop.
final class Budget {
    private static final ScopedValue<Budget> CURRENT = ScopedValue.newInstance();

    private final Limits limits;
    private long stepsLeft;
    private long charactersLeft;
    private int depth;

    private Budget(Limits limits) {
        this.limits = limits;
        stepsLeft = limits.steps();
        charactersLeft = limits.characters();
    }

    static String spend(
            Limits limits, ScopedValue.CallableOp<String, TemplateException> rendering) {
        return ScopedValue.where(CURRENT, new Budget(limits)).call(rendering);
    }

    static Budget current() {
        return CURRENT.get();
    }

    /// Pays for one step.
    static void step() {
        var budget = CURRENT.get();
        if (--budget.stepsLeft < 0) {
            throw new TemplateLimitException(
                    "the template takes more than " + budget.limits.steps() + " steps");
        }
    }

    /// Pays for so many characters or list items. Call it before they are made where few can become many.
    static void allocate(long count) {
        var budget = CURRENT.get();
        budget.charactersLeft -= count;
        if (budget.charactersLeft < 0 || count < 0) {
            throw new TemplateLimitException(
                    "the template makes more than " + budget.limits.characters() + " characters");
        }
    }

    static int rangeItems() {
        return CURRENT.get().limits.rangeItems();
    }

    /// One level deeper; each call is followed by one of [#leave].
    void enter() {
        if (++depth > limits.depth()) {
            throw new TemplateLimitException(
                    "the template nests deeper than " + limits.depth() + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
