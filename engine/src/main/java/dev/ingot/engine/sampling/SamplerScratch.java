package dev.ingot.engine.sampling;

/// The memory that sampling one row needs, for rows of up to `vocabulary` logits.
///
/// One for each thread that samples; a [SequenceSampler] borrows it for one call and leaves nothing in it that the next
/// call reads.
public final class SamplerScratch {
    final float[] logits;
    final Candidates candidates;

    /// Scratch for rows of up to `vocabulary` logits.
    public SamplerScratch(int vocabulary) {
        logits = new float[vocabulary];
        candidates = new Candidates(vocabulary);
    }
}
