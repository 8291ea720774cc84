package dev.ingot.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ClientConnectionTest {
    private final ClientConnection connection = new ClientConnection();
    private final AtomicInteger told = new AtomicInteger();

    @Test
    void tellsOnceHoweverOftenItIsClosed() {
        connection.register(told::incrementAndGet);

        connection.close();
        connection.close();

        assertThat(told).hasValue(1);
    }

    @Test
    void tellsLateComersAtOnce() {
        connection.close();

        connection.register(told::incrementAndGet);

        assertThat(told).hasValue(1);
    }

    @Test
    void keepsNothingOfThoseWhoAreDone() {
        for (int i = 0; i < 1000; i++) {
            connection.register(told::incrementAndGet).close();
        }

        assertThat(connection.registrationCount()).isZero();
        connection.close();
        assertThat(told).hasValue(0);
    }
}
