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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;

/// A worker without a mailbox: runs each step on the calling thread and returns when it is done.
///
/// For benchmarks, which measure what [MetalWorkerActor] does and not what it waits for. Made, used and
/// closed by one thread.
public final class InlineWorker implements AutoCloseable {
    private final WorkerSettings settings;
    private final LoadedModel loaded;

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

    /// Runs the step: fill, encode, commit, wait, sample.
    ///
    /// @throws DeviceException if the device failed it
    public List<Outcome> run(StepPlan plan) {
        var end = new CompletableFuture<Void>();
        loaded.encode(plan, 0, null)
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
        try {
            end.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof DeviceException failure ? failure : e;
        }
        return loaded.sampler().sample(plan, 0);
    }

    /// The logits of the last step's row `row` as the token was drawn from them (biased and penalized, where its request asks
    /// for it), `[vocabulary]` floats: until the next step.
    public MemorySegment logits(int row) {
        return loaded.sampler().buffers(0).logits(row + 1).row(row).contents();
    }

    @Override
    public void close() {
        loaded.close();
    }
}
