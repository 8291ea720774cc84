package dev.ingot.worker;

import dev.ingot.engine.files.ModelFiles;
import dev.ingot.engine.model.LoadProgress;
import dev.ingot.engine.model.Model;
import dev.ingot.engine.model.ModelConfig;
import dev.ingot.engine.model.ModelMemory;
import dev.ingot.engine.model.Models;
import dev.ingot.engine.model.StepLimits;
import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.kernels.Devices;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A model on its device with everything that a step needs, allocated once at the limits.
///
/// Made, used and closed on the worker's thread.
final class LoadedModel implements AutoCloseable {
    /// Steps that may be encoded and not ended: each has memory of its own for what the host writes and reads.
    static final int TURNS = ModelMemory.STEPS;

    private static final Logger LOG = LoggerFactory.getLogger(LoadedModel.class);

    private final Device device;
    private final Checkpoint checkpoint;
    private final Model model;
    private final KvPlan kv;
    private final KvCache cache;
    private final List<StepBuffers> buffers;
    private final BatchSampler sampler;

    private LoadedModel(
            Device device,
            Checkpoint checkpoint,
            Model model,
            KvPlan kv,
            KvCache cache,
            List<StepBuffers> buffers,
            BatchSampler sampler) {
        this.device = device;
        this.checkpoint = checkpoint;
        this.model = model;
        this.kv = kv;
        this.cache = cache;
        this.buffers = buffers;
        this.sampler = sampler;
    }

    /// @param nanoClock tells how fast the weights were read
    /// @param listener is told how far the loading has come
    /// @throws dev.ingot.engine.weights.CheckpointException if a file is missing, damaged or not supported
    /// @throws dev.ingot.engine.ops.DeviceException if the device is not there or has too little memory
    /// @throws IllegalArgumentException if the settings do not fit the model or the memory
    static LoadedModel load(
            WorkerSettings settings, LongSupplier nanoClock, LoadListener listener) {
        var files = ModelFiles.at(settings.model());
        ModelConfig config = files.config();
        var checkpoint = files.weights();
        try {
            var device = Devices.open(settings.device(), settings.threads(), settings.numerics());
            try {
                return load(settings, config, checkpoint, device, nanoClock, listener);
            } catch (RuntimeException | Error e) {
                device.close();
                throw e;
            }
        } catch (RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
    }

    private static LoadedModel load(
            WorkerSettings settings,
            ModelConfig config,
            Checkpoint checkpoint,
            Device device,
            LongSupplier nanoClock,
            LoadListener listener) {
        var limits = new StepLimits(settings.maxStepTokens(), settings.maxSequences());
        var memory =
                ModelMemory.of(
                        checkpoint,
                        config,
                        settings.weightLoading(),
                        device,
                        limits,
                        settings.blockSize(),
                        settings.kvCacheType());
        var kv =
                KvPlan.of(
                        settings,
                        config,
                        memory,
                        device.info().workingSetBytes(),
                        device.availableBytes());
        var geometry =
                Models.kvGeometry(
                        config,
                        settings.blockSize(),
                        kv.blockCount() + Worker.CANARY_BLOCKS,
                        settings.kvCacheType());
        var cache = device.kvCache(geometry);
        long startNanos = nanoClock.getAsLong();
        var model =
                Models.load(
                        checkpoint,
                        config,
                        settings.weightLoading(),
                        device,
                        limits,
                        cache,
                        progress(checkpoint.totalBytes(), listener));
        listener.at(checkpoint.totalBytes(), checkpoint.totalBytes());
        double seconds = Math.max(1e-6, (nanoClock.getAsLong() - startNanos) * 1e-9);
        int maxBlocks = Math.ceilDiv(kv.maxModelLength(), settings.blockSize());
        var buffers = new ArrayList<StepBuffers>(TURNS);
        for (int turn = 0; turn < TURNS; turn++) {
            buffers.add(
                    new StepBuffers(
                            device,
                            settings.maxStepTokens(),
                            settings.maxSequences(),
                            settings.blockSize(),
                            maxBlocks,
                            geometry.groups().count()));
        }
        var sampler = new BatchSampler(device, settings.maxSequences(), config.vocabulary());
        LOG.info(
                "Loaded {} on {} ({}, {} threads): {} MiB of weights in {} s ({} GB/s), {} MiB of"
                        + " KV cache ({} blocks of {}), context {}",
                settings.model().getFileName(),
                device.info().name(),
                device.info().variant(),
                device.info().threads(),
                memory.weightBytes() >> 20,
                String.format(Locale.ROOT, "%.1f", seconds),
                String.format(Locale.ROOT, "%.1f", checkpoint.totalBytes() / seconds * 1e-9),
                geometry.bytes() >> 20,
                geometry.blockCount(),
                geometry.blockSize(),
                kv.maxModelLength());
        return new LoadedModel(device, checkpoint, model, kv, cache, buffers, sampler);
    }

    /// The last word is the caller's, when everything is loaded.
    private static LoadProgress progress(long totalBytes, LoadListener listener) {
        var done = new AtomicLong();
        return bytes -> listener.at(Math.min(done.addAndGet(bytes), totalBytes - 1), totalBytes);
    }

    /// What the worker tells about it.
    Worker.Loaded report(WorkerSettings settings, ActorRef<Worker.Command> worker) {
        return new Worker.Loaded(
                worker,
                device.info(),
                kv.maxModelLength(),
                model.config().vocabulary(),
                kvGeometry(settings),
                weightBytes());
    }

    /// Whether a step can be encoded before the step in front of it has ended: the device itself can hand over the tokens
    /// that it waits for.
    ///
    /// @param turnBefore in which the step in front of it was encoded
    boolean mayFollow(StepPlan plan, int turnBefore) {
        return sampler.mayFollow(plan, turnBefore);
    }

    /// The turn that follows, and goes before, this one.
    static int other(int turn) {
        return TURNS - 1 - turn;
    }

    /// Fills the step's tensors and records the model and what the device samples, ready to be committed.
    ///
    /// @param turn whose memory it uses, below [#TURNS]: another than that of a step that has not ended
    /// @param before a step that has not ended, whose samples are fed to this one; null where every token is known
    CommandBuffer encode(StepPlan plan, int turn, @Nullable StepPlan before) {
        var batch = buffers.get(turn).fill(plan);
        int rows = batch.logitRows().rows();
        var commands = device.commandBuffer();
        var encoder = commands.encoder();
        if (!plan.copies().isEmpty()) {
            encoder.copyBlocks(cache, buffers.get(turn).fillCopies(plan));
        }
        if (before != null) {
            var from = buffers.get(turn).fillSampledRows(plan, before);
            if (from != null) {
                var sampled = sampler.buffers(other(turn)).tokens();
                encoder.feedSampled(batch.tokenIds(), sampled, from);
            }
        }
        var sampling = sampler.buffers(turn);
        model.encode(encoder, batch, sampling.logits(rows));
        sampling.encode(encoder, plan);
        return commands;
    }

    Device device() {
        return device;
    }

    ModelConfig config() {
        return model.config();
    }

    /// The shape of the KV cache as sequences may use it.
    KvGeometry kvGeometry(WorkerSettings settings) {
        return Models.kvGeometry(
                model.config(), settings.blockSize(), kv.blockCount(), settings.kvCacheType());
    }

    /// Bytes of all weights as they are stored.
    long weightBytes() {
        return checkpoint.totalBytes();
    }

    BatchSampler sampler() {
        return sampler;
    }

    @Override
    public void close() {
        sampler.close();
        device.close();
        checkpoint.close();
    }
}
