-- $8 commit
, existing as (
    select c.number, c.reason from baton.change c where c.account = current_user::text and c.commit_id = $8
), numbered as (
    update baton.fleet f set change = f.change + 1, commit_id = $8
    where f.account = current_user::text and exists (select 1 from member where has_seen) and not exists (select 1 from existing)
    returning f.change, f.epoch
), logged as (
    insert into baton.change (account, number, commit_id, machine, reason, runs, epoch)
    select current_user::text, n.change, $8, $3, 'withdrawn', '[]'::jsonb, n.epoch from numbered n
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'committed', (select number from existing where reason <> 'withdrawn'),
    'withdrawn', exists (select 1 from logged) or exists (select 1 from existing where reason = 'withdrawn')
)::text
