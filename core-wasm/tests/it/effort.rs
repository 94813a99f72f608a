//! How many random histories are played.

/// A sample, or with `BATON_TESTS=full`, which `.ci/run` sets, many more; `BATON_TESTS=exhaustive` is for a night.
pub fn histories() -> u64 {
    match std::env::var("BATON_TESTS").as_deref() {
        Err(_) | Ok("") => 2_000,
        Ok("full") => 100_000,
        Ok("exhaustive") => 1_000_000,
        Ok(other) => panic!("BATON_TESTS={other}: it is unset, \"full\" or \"exhaustive\""),
    }
}

/// `BATON_SEED`, the seed to begin with, so that a history that failed is played again.
pub fn first_seed() -> u64 {
    std::env::var("BATON_SEED")
        .map_or(0, |text| text.parse().unwrap_or_else(|_| panic!("BATON_SEED={text}: not a number")))
}
