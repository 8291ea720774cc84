package dev.ingot.engine.ops;

/// Weight matrices of one shape and dtype, one for each expert.
///
/// Made by [Device#bank] from matrices of that device.
public interface MatrixBank {
    /// How many matrices.
    int count();

    /// Output features of each.
    int out();

    /// Input features of each.
    int in();
}
