, lines as (
    select jsonb_build_object(
        'id', r.id, 'revision', r.revision, 'version', r.version, 'fence', r.fence, 'name', r.name, 'status', r.status,
        'iteration', r.iteration, 'session', r.session, 'project', r.project, 'owner_machine', r.owner_machine,
        'handoff', r.handoff, 'handoff_origin', h.origin, 'handoff_target', h.target, 'handoff_picked_up', h.picked_up,
        'lease_left_ms', floor(extract(epoch from r.lease_end - now()) * 1000)::bigint,
        'owner_ended', r.ended_process is not null and r.ended_process = r.record -> 'owner' -> 'process',
        'directory', r.directory, 'age_ms', floor(extract(epoch from now() - r.written) * 1000)::bigint,
        'record', r.record
    ) as line
    from found f
    join baton.run r on r.account = current_user::text and r.id = f.id
    left join baton.handoff h on h.account = current_user::text and h.id = r.handoff
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'rows', (select coalesce(jsonb_agg(line), '[]'::jsonb) from lines),
    'machines', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', m.id, 'name', m.name, 'seen_ms', floor(extract(epoch from now() - m.seen) * 1000)::bigint
        )), '[]'::jsonb)
        from baton.machine m where m.account = current_user::text and m.id in (select id from named)
    ),
    'handoffs', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', h.id, 'session', h.session, 'from', h.origin, 'to', h.target, 'picked_up', h.picked_up, 'parts', h.parts,
            'digest', h.digest, 'project', h.project, 'is_stored', exists (
                select 1 from baton.handoff_part p where p.account = current_user::text and p.handoff = h.id
            ),
            'age_ms', floor(extract(epoch from now() - h.made) * 1000)::bigint
        )), '[]'::jsonb)
        from baton.handoff h
        where h.account = current_user::text and h.id in (select id from offered)
            and (h.picked_up is not null or h.made > now() - interval '30 days')
    )
)::text
