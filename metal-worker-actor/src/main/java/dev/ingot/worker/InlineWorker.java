package dev.ingot.worker;

import dev.ingot.engine.model.ModelConfig;
import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceInfo;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.kernels.cpu.CpuCalibration;
import dev.ingot.kernels.cpu.CpuDevice;
import dev.ingot.kernels.cpu.CpuProfile;
import dev.ingot.worker.Worker.Outcome;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;

/// A worker without a mailbox: whoever calls it waits for the steps himself.
///
/// For benchmarks, which measure what [MetalWorkerActor] does and not what it waits for. Made, used and
/// closed by one thread.
public final class InlineWorker implements AutoCloseable {
    private final WorkerSettings settings;
    private final LoadedModel loaded;
    private final ArrayDeque<Begun> begun = new ArrayDeque<>(LoadedModel.TURNS);

    /// Of the step that was begun last.
    private int turn;

    /// A step that the device has.
    private record Begun(StepPlan plan, int turn, CompletableFuture<Void> end) {}

    private InlineWorker(WorkerSettings settings, LoadedModel loaded) {
        this.settings = settings;
        this.loaded = loaded;
    }

    /// Loads the model, at the settings' limits.
    ///
    /// @param nanoClock monotonic, for the time that loading took
    /// @throws dev.ingot.engine.weights.CheckpointException if a file is missing, damaged or not supported
    /// @throws DeviceException if the device is not there or has too little memory
    /// @throws IllegalArgumentException if the settings do not fit the model or the memory
    public static InlineWorker load(WorkerSettings settings, LongSupplier nanoClock) {
        return new InlineWorker(settings, LoadedModel.load(settings, nanoClock, LoadListener.NONE));
    }

    public DeviceInfo device() {
        return loaded.device().info();
    }

    public ModelConfig model() {
        return loaded.config();
    }

    public KvGeometry kv() {
        return loaded.kvGeometry(settings);
    }

    /// Bytes of all weights as the device holds them, where it tells; else as they are stored.
    public long weightBytes() {
        return loaded.device() instanceof CpuDevice cpu ? cpu.packedBytes() : loaded.weightBytes();
    }

    /// What measures this device's limits; empty where nothing does.
    public Optional<CpuCalibration> calibration() {
        return loaded.device() instanceof CpuDevice cpu
                ? Optional.of(new CpuCalibration(cpu))
                : Optional.empty();
    }

    /// Begins to note where the time of steps goes, once; empty where nothing does.
    public Optional<CpuProfile> profile() {
        return loaded.device() instanceof CpuDevice cpu
                ? Optional.of(cpu.profile())
                : Optional.empty();
    }

    /// Runs a step that waits for none: fill, encode, commit, wait, sample.
    ///
    /// @throws DeviceException if the device failed it
    /// @throws IllegalStateException if another one was begun and not ended
    public List<Outcome> run(StepPlan plan) {
        if (!begun.isEmpty()) {
            throw new IllegalStateException(
                    "step " + begun.element().plan().stepId() + " was begun and has not ended");
        }
        begin(plan);
        return end();
    }

    /// Fill, encode, commit: the device runs the step after the one before it, at once. One step may be begun while
    /// another one runs, as the actor has it; its tokens are all known.
    ///
    /// @throws DeviceException if the device refused it
    /// @throws IllegalStateException if two were begun and have not ended
    public void begin(StepPlan plan) {
        if (begun.size() == LoadedModel.TURNS) {
            throw new IllegalStateException(
                    LoadedModel.TURNS + " steps were begun and have not ended");
        }
        turn = LoadedModel.other(turn);
        var end = new CompletableFuture<Void>();
        loaded.encode(plan, turn, null)
                .commit(
                        new CommandBuffer.Completion() {
                            @Override
                            public void completed() {
                                end.complete(null);
                            }

                            @Override
                            public void failed(DeviceException cause) {
                                end.completeExceptionally(cause);
                            }
                        });
        begun.add(new Begun(plan, turn, end));
    }

    /// Steps that were begun and have not ended.
    public int running() {
        return begun.size();
    }

    /// Waits for the step that was begun first and has not ended, and samples.
    ///
    /// @throws DeviceException if the device failed it
    /// @throws java.util.NoSuchElementException if there is none
    public List<Outcome> end() {
        var step = begun.remove();
        try {
            step.end().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof DeviceException failure ? failure : e;
        }
        return loaded.sampler().sample(step.plan(), step.turn());
    }

    /// The logits of the last step's row `row` as the token was drawn from them (biased and penalized, where its request asks
    /// for it), `[vocabulary]` floats: until the next step.
    public MemorySegment logits(int row) {
        return loaded.sampler().buffers(turn).logits(row + 1).row(row).contents();
    }

    @Override
    public void close() {
        loaded.close();
    }
}
