//! What machines prove to each other that share nothing but the database: a handoff, an outage, a reboot, a container that was made
//! again, a cloned image, equal pids, and a race.

use super::isolated_scene::{CLONE, check};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccc";

#[test]
fn a_session_is_handed_over_and_the_old_owner_is_refused() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "laptop owns 1",
            "laptop user handoff s1 = 0",
            "laptop baton run verify demo --fence 1 = 3",
            "laptop prompts > stopped here",
            "desktop user pickup s1 = 0",
            "desktop resumes",
            "desktop prompts",
            "desktop owns 3",
            "laptop baton run verify demo --fence 1 = 3",
            "laptop baton run update demo --phase late = 3",
            "laptop prompts > nother machine",
            "desktop baton run verify demo --fence 3 = 0",
            "laptop user handoff s1 --cancel = 3",
        ],
    );
}

#[test]
fn the_run_of_a_machine_that_is_gone_waits_for_a_user() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "laptop agent dies",
            "laptop is-cut-off",
            "desktop resumes > nother machine",
            "desktop baton run verify demo = 3",
            "leases end",
            // Its witness asks for no run, and without a user nobody takes one.
            "desktop witness",
            "desktop baton run verify demo = 3",
            "desktop prompts",
            "desktop owns 2",
            "laptop is-back",
        ],
    );
}

#[test]
fn a_machine_that_booted_again_proves_that_its_agents_ended() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "desktop resumes > nother machine",
            "laptop boots",
            "laptop witness",
            "desktop prompts",
            "desktop owns 2",
            "laptop resumes > nother machine",
            "laptop baton run verify demo = 3",
        ],
    );
}

#[test]
fn the_first_event_after_a_boot_takes_the_run_back() {
    check(
        &[("laptop", A), ("desktop", B)],
        &["laptop starts", "laptop boots", "laptop resumes", "laptop prompts", "laptop owns 2"],
    );
}

#[test]
fn a_machine_that_was_killed_proves_nothing_until_it_is_back() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "desktop resumes > nother machine",
            "laptop boots",
            "laptop is-cut-off",
            "desktop prompts",
            "desktop baton run verify demo = 3",
            "laptop is-back",
            "laptop witness",
            "desktop prompts",
            "desktop owns 2",
        ],
    );
}

#[test]
fn a_cloned_image_with_the_same_machine_id_proves_nothing() {
    check(
        &[("original", CLONE), ("clone", CLONE)],
        &[
            "original starts",
            "clone resumes > nother machine",
            "clone witness",
            "clone prompts",
            "clone baton run verify demo = 3",
            "original owns 1",
            "clone boots",
            "clone witness",
            "clone resumes > nother machine",
            "original owns 1",
            "original baton run verify demo --fence 1 = 0",
            "leases end",
            "clone prompts",
            "clone owns 2",
            "original prompts > nother machine",
        ],
    );
}

#[test]
fn a_container_that_was_made_again_waits_for_the_lease() {
    check(
        &[("container", A), ("desktop", B)],
        &[
            "container starts",
            "container is-rebuilt",
            "container resumes",
            "container baton run verify demo = 3",
            "container witness",
            "desktop resumes > nother machine",
            "desktop baton run verify demo = 3",
            "leases end",
            "container prompts",
            "container owns 2",
            "desktop prompts",
            "desktop baton run verify demo = 3",
        ],
    );
}

#[test]
fn a_container_beside_the_owner_with_the_same_machine_id_takes_nothing() {
    check(
        &[("host", A), ("container", A)],
        &[
            "host starts",
            "container resumes > nother machine",
            "container witness",
            "container boots",
            "container witness",
            "container resumes > nother machine",
            "host owns 1",
            "host agent dies",
            "host witness",
            "container prompts",
            "container owns 2",
        ],
    );
}

#[test]
fn a_machine_that_is_cut_off_keeps_its_run_until_it_is_taken() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "desktop resumes > nother machine",
            "laptop is-cut-off",
            "laptop baton run verify demo --fence 1 = 0",
            "desktop baton run adopt RUN = 3",
            "desktop baton run adopt RUN --take = 0",
            "desktop owns 2",
            "laptop is-back",
            "laptop witness",
            "laptop baton run verify demo --fence 1 = 3",
            "laptop prompts > nother machine",
        ],
    );
}

#[test]
fn a_race_for_a_run_has_one_winner() {
    check(
        &[("laptop", A), ("desktop", B), ("server", C)],
        &[
            "laptop starts",
            "desktop resumes",
            "server resumes",
            "laptop agent dies",
            "laptop witness",
            "laptop opens",
            "race to 2",
        ],
    );
}

#[test]
fn three_machines_take_a_run_in_turn() {
    check(
        &[("laptop", A), ("desktop", B), ("server", C)],
        &[
            "laptop starts",
            "desktop resumes > nother machine",
            "server resumes > nother machine",
            "laptop agent dies",
            "laptop resumes",
            "laptop owns 2",
            "desktop boots",
            "desktop resumes",
            "leases end",
            "server prompts",
            "server owns 3",
            "laptop prompts > nother machine",
            "laptop baton run adopt RUN --take = 0",
            "laptop owns 4",
            "laptop user run cancel demo = 0",
            "server baton run verify demo = 3",
        ],
    );
}
