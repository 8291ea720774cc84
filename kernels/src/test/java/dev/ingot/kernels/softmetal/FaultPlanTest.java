package dev.ingot.kernels.softmetal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ingot.kernels.softmetal.Messages.Size;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the software device breaks when it is told to: each kind once, and that it tells what it has broken.
class FaultPlanTest {
    private static final String ADD =
            SoftMetal.HEADER + "kernel void add(device float* x [[buffer(0)]]) { x[0] += 1; }\n";

    private final SoftMetal metal = new SoftMetal();
    private MemorySegment pipeline;
    private MemorySegment x;

    @BeforeEach
    void prepare() {
        pipeline = metal.pipeline(ADD, "add");
        x = metal.floats(0);
    }

    @AfterEach
    void end() {
        metal.release(x);
        metal.release(pipeline);
        assertEquals(0, metal.counter("violations"), metal.lastMessage());
        metal.close();
    }

    private float value() {
        return metal.contents(x).get(JAVA_FLOAT, 0);
    }

    private String add() {
        return metal.run(pipeline, 1, 1, x);
    }

    @ParameterizedTest
    @CsvSource({
        "internal, 1, Internal Error",
        "timeout, 2, kIOGPUCommandBufferCallbackErrorTimeout",
        "pageFault, 3, kIOGPUCommandBufferCallbackErrorPageFault",
        "accessRevoked, 4, SubmissionsIgnored",
        "notPermitted, 7, BackgroundExecutionNotPermitted",
        "outOfMemory, 8, kIOGPUCommandBufferCallbackErrorOutOfMemory",
        "interactivity, 14, ImpactingInteractivity"
    })
    void theNthCommandBufferFailsWithItsError(String fault, int code, String text) {
        metal.fault("commandBuffer:2=" + fault);
        assertEquals("", add());
        assertEquals(0, metal.counter("faults"));
        String error = add();
        assertTrue(error.startsWith("MTLCommandBufferErrorDomain " + code + ": "), error);
        assertTrue(error.contains(text), error);
        assertEquals(1, value(), "one dispatch: the first half of it is nothing");
        assertEquals("", add());
        assertEquals(1, metal.counter("faults"));
        assertEquals(1, metal.counter("faults.commandBuffer"));
    }

    @Test
    void allFromTheNthOnFail() {
        metal.fault("commandBuffer:2+=timeout");
        assertEquals("", add());
        for (int i = 1; i <= 3; i++) {
            assertFalse(add().isEmpty());
            assertEquals(i, metal.counter("faults"));
        }
        metal.fault("");
        assertEquals(0, metal.counter("faults"));
        assertEquals("", add());
    }

    @Test
    void oneThatFailsHasDoneAPartOfItsWork() {
        metal.fault("commandBuffer:1=internal");
        String error =
                metal.run(encoder -> {
                    metal.messages.send(encoder, "setComputePipelineState:", pipeline);
                    metal.messages.send(encoder, "setBuffer:offset:atIndex:", x, 0L, 0L);
                    for (int i = 0; i < 4; i++) {
                        metal.messages.send(
                                encoder,
                                "dispatchThreadgroups:threadsPerThreadgroup:",
                                new Size(1, 1, 1),
                                new Size(1, 1, 1));
                    }
                });
        assertFalse(error.isEmpty());
        assertEquals(2, value());
    }

    @Test
    void anAllocationIsNil() {
        metal.fault("allocation:2");
        MemorySegment first = metal.buffer(16);
        MemorySegment second = metal.buffer(16);
        MemorySegment third = metal.buffer(16);
        assertFalse(SoftMetal.nil(first));
        assertTrue(SoftMetal.nil(second));
        assertFalse(SoftMetal.nil(third));
        assertEquals(1, metal.counter("faults.allocation"));
        assertEquals(0, metal.counter("faults.commandBuffer"));
        metal.release(first);
        metal.release(third);
    }

    /// As on a Mac: who waits for the event has to be released by other means.
    @ParameterizedTest
    @ValueSource(strings = {"timeout", "pageFault"})
    void eventsAreNotSignalledAfterAnError(String fault) {
        MemorySegment event = metal.messages.send(metal.device, "newSharedEvent");
        metal.fault("commandBuffer:2=" + fault);
        for (long value = 1; value <= 3; value++) {
            MemorySegment commands = metal.messages.send(metal.queue, "commandBuffer");
            for (int i = 0; i < 3; i++) {
                metal.messages.send(commands, "encodeSignalEvent:value:", event, value);
            }
            metal.messages.send(commands, "commit");
            metal.messages.send(commands, "waitUntilCompleted");
            long signalled = metal.messages.sendLong(event, "signaledValue");
            assertEquals(value == 2 ? 1 : value, signalled);
        }
        metal.release(event);
    }

    /// A kernel's own error ends the command buffer as well.
    @Test
    void eventsAreNotSignalledAfterAKernelThatFaults() {
        MemorySegment wild =
                metal.pipeline(
                        SoftMetal.HEADER
                                + "kernel void wild(device float* x [[buffer(0)]]) { x[4096] = 1;"
                                + " }\n",
                        "wild");
        MemorySegment event = metal.messages.send(metal.device, "newSharedEvent");
        MemorySegment commands = metal.messages.send(metal.queue, "commandBuffer");
        MemorySegment encoder = metal.messages.send(commands, "computeCommandEncoder");
        metal.messages.send(encoder, "setComputePipelineState:", wild);
        metal.messages.send(encoder, "setBuffer:offset:atIndex:", x, 0L, 0L);
        metal.messages.send(
                encoder,
                "dispatchThreadgroups:threadsPerThreadgroup:",
                new Size(1, 1, 1),
                new Size(1, 1, 1));
        metal.messages.send(encoder, "endEncoding");
        metal.messages.send(commands, "encodeSignalEvent:value:", event, 1L);
        metal.messages.send(commands, "commit");
        metal.messages.send(commands, "waitUntilCompleted");
        assertFalse(metal.describe(metal.messages.send(commands, "error")).isEmpty());
        assertEquals(0, metal.messages.sendLong(event, "signaledValue"));
        metal.release(event);
        metal.release(wild);
    }

    @Test
    void aSlowCommandBufferCompletes() {
        metal.fault("commandBuffer:1=slow:30");
        assertEquals("", add());
        assertEquals(1, value());
        assertEquals(1, metal.counter("faults"));
    }

    @Test
    void oneThatNeverCompletesStandsStillUntilThePlanIsChanged() {
        metal.fault("commandBuffer:1=never");
        MemorySegment commands = metal.messages.send(metal.queue, "commandBuffer");
        metal.messages.send(commands, "commit");
        while (metal.counter("faults") == 0) {
            Thread.onSpinWait();
        }
        long scheduled = 3;
        assertEquals(scheduled, metal.messages.sendLong(commands, "status"));
        metal.fault("");
        metal.messages.send(commands, "waitUntilCompleted");
        assertEquals("", metal.describe(metal.messages.send(commands, "error")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "commandBuffer:1", "commandBuffer:0=timeout", "commandBuffer:1=tired", "buffer:1",
                "allocation:x", "allocation:1=timeout", "commandBuffer:1=slow:", "allocation"
            })
    void whatIsNoPlanIsRefused(String plan) {
        assertThrows(IllegalArgumentException.class, () -> metal.fault(plan));
    }
}
