use super::{is_mentioned, is_said};

const PROMPT: &str =
    "Mend the tests. Work through TODO.md. When all pass, say DONE and stop.\n\nNever say DONE before that.";

/// Answers that end the loop, as agents write them, with the phrase DONE.
const ENDS: [&str; 34] = [
    "DONE",
    "All 42 tests pass.\n\nDONE",
    "All 42 tests pass.\nDONE\n",
    "Fixed the parser and the lexer; `cargo test` is green.\n\n**DONE**",
    "Everything on the list is ticked off.\n\nDONE.",
    "That was the last one!\n\nDONE!",
    "# Summary\n\n- parser fixed\n- lexer fixed\n\n# DONE",
    "The work is complete.\n\n<promise>DONE</promise>",
    "The work is complete.\n\n**<promise>DONE</promise>**",
    "The work is complete.\n\n<promise>\nDONE\n</promise>",
    "The work is complete.\n\n<promise> DONE </promise>.",
    "Nothing is left to do. <promise>DONE</promise>",
    "All tests are green! **<promise>DONE</promise>**",
    "All green.\n\n`DONE`",
    "All green.\n\n`<promise>DONE</promise>`",
    "All green.\n\n✅ DONE",
    "All green.\n\nDONE ✅",
    "🎉 **DONE** 🎉",
    "Ran it again:\n\n```\n42 passed\n```\n\nDONE",
    "You wrote:\n\n> When all pass, say DONE and stop.\n\nThey do.\n\nDONE",
    "I was not sure about the lexer, and checked it once more. It is right.\n\nDONE",
    "Every requirement is met. I now output the completion phrase:\n\nDONE",
    "Here is the completion promise:\n\n<promise>DONE</promise>",
    "I will now output the promise:\n\n<promise>DONE</promise>",
    "All green.\r\n\r\nDONE\r\n",
    "All green.\n\n  DONE  \n\n\n",
    "All green.\n\nDONE\n\n---\n",
    "| test | result |\n| --- | --- |\n| a | ok |\n\nDONE",
    "1. parser\n2. lexer\n\n_DONE_",
    "All green.\n\n***DONE***…",
    "All green.\n\nDONE\u{200b}",
    "All green.\n\n\u{feff}DO\u{200d}NE\u{2060}",
    "All green.\n\n\u{1b}[1;32mDONE\u{1b}[0m",
    "All green.\n\u{1b}[2K\rDONE\u{7}",
];

/// Answers that only mention the phrase.
const GOES_ON: [&str; 47] = [
    "",
    "Two tests still fail; I go on with the lexer.",
    "UNDONE",
    "UN\u{200b}DONE",
    "\u{1b}[31mnot\u{1b}[0m DONE",
    "The lexer is still UNDONE",
    "I moved the rest into TODO_DONE.md",
    "TODO_DONE.md",
    "DONE.md",
    "I will not output <promise>DONE</promise> yet",
    "I will not output <promise>DONE</promise> yet.\n\nThe lexer comes next.",
    "Because `fastembed` is not installed, I am not saying DONE.",
    "I cannot say DONE",
    "Not DONE",
    "Not yet DONE.",
    "Is it DONE?",
    "DONE?",
    "done",
    "Done.",
    "ALMOST DONE",
    "DONE with the parser, the lexer is next.",
    "DONE\n\nTwo tests still fail, though.",
    "Parser: DONE",
    "- parser: DONE\n- lexer: open",
    "Progress:\n\n- [x] parser DONE\n- [ ] lexer",
    "Steps:\n\n1. DONE\n2. DONE",
    "Steps:\n\n- DONE",
    "| parser | DONE |",
    "~~DONE~~",
    "You wrote:\n\n> When all pass, say DONE and stop.",
    "> DONE",
    "> When all pass, say\nDONE",
    "The script prints\n\n```\nDONE\n```",
    "The script prints\n\n```\nDONE",
    "~~~text\nDONE\n~~~",
    "````md\n```\nx\n```\nDONE\n````",
    "The script prints\n\n    DONE",
    "\"DONE\"",
    "You asked for “DONE”",
    "Once everything passes, I'll say \"<promise>DONE</promise>\"",
    "When every test passes I will end with:\n\nDONE",
    "I don't say this before the lexer works:\n\n<promise>DONE</promise>",
    "I'll print this at the end:\n\n**DONE**",
    "The loop ends only with the line:\n\nDONE",
    "It is not finished. <promise>DONE</promise>",
    "The phrase is <promise>DONE</promise>",
    "// DONE",
];

#[test]
fn the_last_line_alone_ends_a_loop() {
    for (answers, expected) in [(&ENDS[..], true), (&GOES_ON[..], false)] {
        for answer in answers {
            assert_eq!(is_said(answer, "DONE", PROMPT), expected, "{answer}");
        }
    }
    assert!(!is_said(PROMPT, "DONE", PROMPT), "the prompt itself");
}

#[test]
fn a_phrase_may_be_a_tag_or_a_sentence() {
    for (phrase, answer, expected) in [
        ("<done/>", "All of them pass now. <done/>", true),
        ("<done/>", "All is there.\n\n<done/>", true),
        ("<done/>", "I was told to say <done/> and stop.", false),
        ("<done/>", "They pass: <done/>", false),
        ("<done/>", "<DONE/>", false),
        ("<promise>DONE</promise>", "All pass.\n\n<promise>DONE</promise>", true),
        ("<promise>DONE</promise>", "All pass. <promise>DONE</promise>", true),
        ("<promise>DONE</promise>", "All pass.\n\nDONE", false),
        ("ALL WORK IS DONE", "ALL WORK IS DONE", true),
        ("ALL WORK IS DONE", "ALL  WORK\nIS DONE", true),
        ("ALL  WORK IS\tDONE ", "ALL WORK IS DONE", true),
        ("ALL WORK IS DONE", "ALL WORK IS DONE, I think", false),
        ("All tests pass.", "I ran them.\n\nAll tests pass", true),
        ("All tests pass.", "I hope that all tests pass.", false),
        ("__DONE__", "__DONE__", true),
        ("***", "***", false),
        ("", "words", false),
        ("  ", "", false),
    ] {
        assert_eq!(is_said(answer, phrase, "Go on."), expected, "{phrase:?} in {answer:?}");
    }
}

#[test]
fn the_prompt_quoted_without_a_mark_does_not_end_it() {
    let prompt = "Do the next part.\n\nAt the end, write\n\nDONE";
    assert!(!is_said("I was told:\n\nDo the next part.\n\nAt the end, write\n\nDONE", "DONE", prompt));
    assert!(is_said("The last part works.\n\nDONE", "DONE", prompt));
    assert!(is_said("DONE", "DONE", "DONE"));
}

#[test]
fn a_phrase_that_does_not_count_is_noticed() {
    for (answer, phrase, expected) in [
        ("All pass: DONE", "DONE", true),
        ("```\nDONE\n```", "<promise>DONE</promise>", true),
        ("All pass.", "DONE", false),
        ("All pass.", "", false),
    ] {
        assert_eq!(is_mentioned(answer, phrase), expected, "{answer}");
    }
}
