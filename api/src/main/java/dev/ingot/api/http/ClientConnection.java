package dev.ingot.api.http;

import java.util.LinkedHashSet;
import java.util.Set;

/// One client's connection: whoever works for it is told when it is gone.
///
/// A connection outlives its requests by far, so what a request registers here it must also close: a list that only
/// grew would be a leak per connection.
public final class ClientConnection {
    private final Object lock = new Object();
    private final Set<Registration> registrations = new LinkedHashSet<>();
    private boolean gone;

    /// Someone who wants to know, until closed.
    public final class Registration implements AutoCloseable {
        private final Runnable whenGone;

        private Registration(Runnable whenGone) {
            this.whenGone = whenGone;
        }

        @Override
        public void close() {
            synchronized (lock) {
                registrations.remove(this);
            }
        }
    }

    /// Calls `whenGone` once when the client has closed the connection or its half of it; at once where it already
    /// has. It is called on a thread of the connection and must not block.
    public Registration register(Runnable whenGone) {
        var registration = new Registration(whenGone);
        synchronized (lock) {
            if (!gone) {
                registrations.add(registration);
                return registration;
            }
        }
        whenGone.run();
        return registration;
    }

    /// The connection is gone; idempotent.
    public void close() {
        Set<Registration> told;
        synchronized (lock) {
            gone = true;
            told = new LinkedHashSet<>(registrations);
            registrations.clear();
        }
        told.forEach(registration -> registration.whenGone.run());
    }

    /// How many are waiting to be told.
    int registrationCount() {
        synchronized (lock) {
            return registrations.size();
        }
    }
}
