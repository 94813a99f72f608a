//! Faults at every step, races and random histories. By default, a sample is tried, and with `BATON_TESTS=full`
//! everything.

/// One test for each scenario of [`agent_baton_tests::fault_injection`], which calls the file's `check` with its name.
macro_rules! test_each_scenario {
    () => {
        test_each_scenario! {
            at_the_first_event_of_all => "the first event of all",
            at_a_registration => "a registration",
            at_an_end => "an end",
            at_a_transfer => "a transfer",
            at_a_transfer_at_a_prompt => "a transfer at a prompt",
            at_an_owner_elsewhere => "an owner elsewhere",
            at_an_offer => "an offer",
            at_an_adoption => "an adoption",
            at_a_supersession => "a supersession",
            at_an_event_that_does_not_get_the_lock => "an event that does not get the lock",
            at_an_inbox_that_is_emptied => "an inbox that is emptied",
            at_an_update => "an update",
            at_a_cancel => "a cancel",
            at_a_message => "a message",
            at_a_fold_at_the_end => "a fold at the end",
            at_a_fold_after_a_crash => "a fold after a crash",
            at_a_chunk => "a chunk",
            at_an_import => "an import",
        }
    };
    ($($test:ident => $name:literal,)+) => {$(
        #[test]
        fn $test() {
            check($name);
        }
    )+};
}

mod catalogue;
mod crashes;
mod fleet_faults;
mod fleet_histories;
mod install_faults;
mod io_errors;
mod large_state;
mod project_faults;
mod project_random;
mod races;
