//! The number of random histories.

/// A sample by default, many more with `BATON_TESTS=full`, which `.ci/run` sets, and enough for a night with
/// `BATON_TESTS=exhaustive`.
pub fn histories() -> u64 {
    match std::env::var("BATON_TESTS").as_deref() {
        Err(_) | Ok("") => 2_000,
        Ok("full") => 100_000,
        Ok("exhaustive") => 1_000_000,
        Ok(other) => panic!("BATON_TESTS={other}: it is unset, \"full\" or \"exhaustive\""),
    }
}

/// The first seed, from `BATON_SEED`. Use it to replay a history that failed.
pub fn first_seed() -> u64 {
    std::env::var("BATON_SEED")
        .map_or(0, |text| text.parse().unwrap_or_else(|_| panic!("BATON_SEED={text}: not a number")))
}
