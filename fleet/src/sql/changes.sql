-- $6 the number and $7 the commit of a position, $8 how many changes
, later as (
    select c.number, c.commit_id, c.machine, c.reason, c.runs, c.written from baton.change c
    where c.account = current_user::text and c.number > $6
    order by c.number limit $8
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('known', known) from standing),
    'has_position', ($6 = 0 and $7 is null) or exists (
        select 1 from baton.change c where c.account = current_user::text and c.number = $6 and c.commit_id = $7
    ),
    'changes', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'number', l.number, 'commit', l.commit_id, 'machine', l.machine, 'reason', l.reason, 'runs', l.runs,
            'age_ms', floor(extract(epoch from now() - l.written) * 1000)::bigint
        ) order by l.number), '[]'::jsonb)
        from later l
    )
)::text
