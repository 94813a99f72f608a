//! Random numbers that are the same in every run of a test, so that a failed round can be repeated.

/// Returns the generator of one player in one round.
#[must_use]
pub fn rng(round: u64, player: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(round * 64 + player)
}
