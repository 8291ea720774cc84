package dev.ingot.api.cluster;

/// How often requests that no engine has admitted yet may try another one: a share of all requests, so that a full cluster
/// does not spend its time refusing the same requests again.
final class RetryBudget {
    private static final double SHARE = 0.1;
    private static final double MOST = 100;

    private double left = MOST / 2;

    /// A request came.
    void admitted() {
        left = Math.min(MOST, left + SHARE);
    }

    /// Whether one more may try elsewhere; it then counts as having tried.
    boolean spend() {
        if (left < 1) {
            return false;
        }
        left--;
        return true;
    }
}
