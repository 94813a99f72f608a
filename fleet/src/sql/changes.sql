-- $8 the number and $9 the commit of a position, $10 how many changes
, later as (
    select c.number, c.commit_id, c.machine, c.reason, c.runs, c.written from baton.change c
    where c.account = current_user::text and c.number > $8
    order by c.number limit $10
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'has_position', ($8 = 0 and $9 is null) or exists (
        select 1 from baton.change c where c.account = current_user::text and c.number = $8 and c.commit_id = $9
    ),
    'changes', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'number', l.number, 'commit', l.commit_id, 'machine', l.machine, 'reason', l.reason, 'runs', l.runs,
            'age_ms', floor(extract(epoch from now() - l.written) * 1000)::bigint
        ) order by l.number), '[]'::jsonb)
        from later l
    )
)::text
