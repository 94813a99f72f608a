//! Checks that the files that install changed are still as it left them.

use super::finding::Finding;
use super::installation::Installation;
use baton_installer::config_file::{ConfigFile, sha256};
use baton_installer::receipt::Receipt;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let receipt = match Receipt::load(&installation.locations.receipt()) {
        Ok(receipt) => receipt,
        Err(error) => return vec![Finding::failed("receipt", &error)],
    };
    let mut findings = Vec::new();
    for (path, installed) in &receipt.files {
        let newest = installed.contents.last().map(String::as_str);
        let what = match ConfigFile::read(path) {
            Err(error) => {
                findings.push(Finding::failed("receipt", &error));
                continue;
            }
            Ok(source) if source.text.is_none() => "is gone since install".to_owned(),
            Ok(source) if newest == Some(sha256(source.text().as_bytes()).as_str()) => {
                "is unchanged since install".to_owned()
            }
            Ok(_) => "was edited since install; `baton uninstall` removes only baton's entries".to_owned(),
        };
        findings.push(Finding::ok("receipt", format!("{} {what}", path.display())));
    }
    findings
}
