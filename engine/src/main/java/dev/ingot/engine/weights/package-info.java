/// Weight files and what they hold, read in place.
///
/// A checkpoint folder is opened as [Checkpoint][dev.ingot.engine.weights.Checkpoint]; its tensors are
/// [HostTensor][dev.ingot.engine.ops.HostTensor] views of the mapped files, checked against the file's
/// length before the first byte of data is read. Matrices are copied only where GGUF stores them in another order of
/// rows, or in blocks that are taken apart.
///
/// Whatever is wrong with a checkpoint is a
/// [CheckpointException][dev.ingot.engine.weights.CheckpointException] that names the file, the tensor or
/// field, what was expected and what was found: here and in the packages that read further.
@NullMarked
package dev.ingot.engine.weights;

import org.jspecify.annotations.NullMarked;
