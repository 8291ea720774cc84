/// Weight files and what they hold, read in place.
///
/// A checkpoint folder is opened as [Checkpoint][dev.ingot.engine.weights.Checkpoint]; its tensors are
/// [HostTensor][dev.ingot.engine.weights.HostTensor] views of the mapped files, checked against the file's
/// length before the first byte of data is read. Nothing is copied here.
@NullMarked
package dev.ingot.engine.weights;

import org.jspecify.annotations.NullMarked;
