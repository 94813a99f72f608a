//! Numbers that are the same in every run of a test: a round that fails can be played again.

/// A source of such numbers.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The numbers of one player in one round.
    #[must_use]
    pub fn new(round: u64, player: u64) -> Self {
        Self((round * 64 + player + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
