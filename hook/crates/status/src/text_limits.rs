//! How long the texts of an item can be.

use crate::item::Item;

/// The maximum length of a text of an item, in bytes. A preview of 200 characters fits.
const MAX_TEXT_BYTES: usize = 800;

/// The maximum length of a path or an id of an item, in bytes: that of a path in Linux.
const MAX_PATH_BYTES: usize = 4096;

impl Item {
    /// Shortens its texts. Agents, their transcripts and the files of a project say what they like, and at any length.
    pub fn shorten(&mut self) {
        let (paths, texts) = self.texts();
        paths.into_iter().for_each(|text| cut(text, MAX_PATH_BYTES));
        texts.into_iter().for_each(|text| cut(text, MAX_TEXT_BYTES));
    }

    /// Returns its paths and ids, and all other texts.
    fn texts(&mut self) -> (Vec<&mut String>, Vec<&mut String>) {
        // Every field is named, so that a new text is not forgotten.
        let Self {
            key,
            section: _,
            kind: _,
            id,
            cause: _,
            status,
            agent,
            pane,
            owner_pane,
            since: _,
            active: _,
            project,
            branch,
            name,
            title,
            model,
            context: _,
            context_window: _,
            turn_tokens: _,
            prompt,
            question,
            phase,
            run,
            iteration: _,
            max_iterations: _,
            task,
            log_section,
            reason,
            machine,
            command,
            started: _,
            log,
            pinned: _,
        } = self;
        let paths = [project, log].into_iter().flatten().chain([key, id]);
        let texts = [
            agent,
            pane,
            owner_pane,
            branch,
            name,
            title,
            model,
            prompt,
            question,
            phase,
            run,
            task,
            log_section,
            reason,
            machine,
            command,
        ];
        (paths.collect(), texts.into_iter().flatten().chain([status]).collect())
    }
}

/// Cuts a text that is longer than so many bytes, and marks that something is missing.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
}
