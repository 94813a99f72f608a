//! Fills a database with runs, machines and changes.

use baton_test_postgres::fleet::Fleet;

/// Adds copies of the only run, one in a hundred of them unfinished, as many changes, and a machine for each hundred runs.
pub fn fill(fleet: &Fleet, runs: usize) {
    let machines = (runs / 100).max(1);
    drop(fleet.sql(&format!(
        "insert into baton.machine (account, id, name, token)
             select f.account, 'm' || lpad(to_hex(n), 12, '0'), 'machine ' || n, md5(n::text)
             from baton.fleet f, generate_series(1, {machines}) n;
         insert into baton.run (account, id, revision, version, fence, base_fence, name, status, iteration, session, project,
                 owner_machine, lease_end, directory, record, written)
             select r.account, c.id, 1, 1, 1, 1, 'run ' || n, c.status, 0, 'session-' || n, c.project, c.machine,
                 now() + interval '1 hour', 'work',
                 jsonb_set(
                     r.record || jsonb_build_object('id', c.id, 'name', 'run ' || n, 'status', c.status),
                     '{{owner,session}}', to_jsonb('session-' || n)
                 ),
                 now() - n * interval '1 second'
             from baton.run r, generate_series(1, {runs}) n,
                 lateral (select 'r' || lpad(to_hex(n), 12, '0') as id,
                     case when n % 100 = 0 then 'active' else 'done' end as status,
                     'example.org/team/p' || n % 1000 as project,
                     'm' || lpad(to_hex(1 + n % {machines}), 12, '0') as machine) c;
         insert into baton.change (account, number, commit_id, machine, reason, runs, epoch)
             select f.account, f.change + n, md5('commit ' || n), 'm' || lpad(to_hex(1 + n % {machines}), 12, '0'), 'updated',
                 '[]', f.epoch
             from baton.fleet f, generate_series(1, {runs}) n;
         update baton.fleet set change = change + {runs}, commit_id = md5('commit ' || {runs});
         analyze;"
    )));
}
