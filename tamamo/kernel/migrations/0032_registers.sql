-- Registers: typed lists over the entities (docs/subsystems/registers.md, docs/adr/0032).
--
-- register_row holds for each record what a list is sorted, filtered and searched by. Triggers on
-- entity keep it: whatever changes an entity, its row changes in the same transaction. They look
-- at the declared types only (register_watch), so that others cost nothing but the test of a
-- condition; and entity has no index into `attrs`, which would end updates in place (0021).

create table register_declared (
    register text primary key,
    type text not null,                  -- IRI
    digest text not null,                -- of the declaration the rows were made by
    attributes text[] not null,          -- IRIs of all that the rows are made of
    id_before text not null,             -- what stands around the key in an entity's id
    id_after text not null,
    key_attribute text not null,         -- of the column that tells records apart
    key_attributes text[] not null,      -- one a sortable column: attribute, member ('' none), kind
    key_members text[] not null,
    key_kinds text[] not null,           -- key, text, exact, number
    text_attributes text[] not null,     -- one a searched column
    text_members text[] not null,
    facet_attributes text[] not null,    -- one a column of several choices
    place text,                          -- IRI of the map's attribute
    filled boolean not null default false
);

create table register_row (
    tenant text not null,
    register text not null,
    entity_id text not null,
    types text[] not null,
    scopes text[] not null,
    keys text[] collate "C" not null,    -- sort keys; null: without value
    texts text[] not null,               -- folded texts to search; '' without value
    facets text[] not null,              -- `attribute IRI=value` of columns of several choices
    grams bigint[] not null,             -- hashes of each two letters of the texts that follow
    place point,
    primary key (tenant, register, entity_id)
);
create index register_row_by_grams on register_row using gin (grams);
create index register_row_by_facets on register_row using gin (facets)
    where cardinality(facets) > 0;
create index register_row_by_place on register_row using gist (place) where place is not null;
-- One index a sortable column; a register with few columns has no entries in those beyond them.
do $$
begin
    for slot in 1..16 loop
        execute format(
            'create index register_row_by_%1$s on register_row (tenant, register, (keys[%1$s]),'
            ' entity_id) where cardinality(keys) >= %1$s', slot
        );
    end loop;
end
$$;

-- What a text is searched and sorted by: without width (NFKC), case, and kind of kana.
create function register_fold(value text) returns text
language sql immutable parallel safe return
    translate(
        lower(normalize(value, NFKC)),
        'ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴヵヶヽヾ',
        'ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖゝゞ'
    );

-- A number as text in the same order: its bits, the negative ones turned round.
create function register_number_key(value double precision) returns text
language sql immutable parallel safe return
    case
        when value >= 0 then '1' || encode(float8send(value + 0.0), 'hex')
        when value < 0 then
            '0' || translate(
                encode(float8send(value), 'hex'), '0123456789abcdef', 'fedcba9876543210'
            )
    end;

-- Texts by their letters; whole numbers among them (010, 9) by their worth.
create function register_text_key(value text) returns text
language sql immutable parallel safe return
    case
        when value ~ '^[0-9]{1,15}$' then lpad(value, 15, '0')
        else nullif(left(register_fold(value), 200), '')
    end;

-- The value a column shows of an attribute: that of its first instance.
create function register_value(attrs jsonb, attribute text, member text) returns jsonb
language sql immutable parallel safe return
    case
        when attrs -> attribute -> 0 ->> 'type' = 'LanguageProperty' then coalesce(
            attrs -> attribute -> 0 -> 'languageMap' -> 'ja',
            attrs -> attribute -> 0 -> 'languageMap' -> 'en'
        )
        when member <> '' then attrs -> attribute -> 0 -> 'value' -> member
        else coalesce(
            attrs -> attribute -> 0 -> 'value', attrs -> attribute -> 0 -> 'object',
            attrs -> attribute -> 0 -> 'vocab', attrs -> attribute -> 0 -> 'valueList',
            attrs -> attribute -> 0 -> 'json'
        )
    end;

create function register_text(value jsonb) returns text
language sql immutable parallel safe return
    case when jsonb_typeof(value) in ('string', 'number', 'boolean') then value #>> '{}' else '' end;

-- What stands behind %XX in a key; as it is where that is no text.
create function register_unquote(value text) returns text
language plpgsql immutable parallel safe as $$
begin
    return (
        select convert_from(string_agg(
            case
                when length(m.part[1]) = 3 and starts_with(m.part[1], '%')
                    then decode(substr(m.part[1], 2), 'hex')
                else convert_to(m.part[1], 'UTF8')
            end, ''::bytea order by m.place
        ), 'UTF8')
        from regexp_matches(value, '%[0-9a-fA-F]{2}|[^%]+|%', 'g') with ordinality as m (part, place)
    );
exception when others then
    return value;
end
$$;

-- Hashes of each two letters that follow one another, different for each tenant and register.
create function register_grams(value text, tenant text, register text) returns bigint[]
language sql immutable parallel safe return (
    select coalesce(array_agg(distinct hashtextextended(substr(value, at, 2), seed)), '{}')
    from
        (select hashtextextended(tenant || '/' || register, 0)) as s (seed),
        generate_series(1, length(value) - 1) as at
);

-- In one loop over the columns, for it is done with each change of an entity. Nothing that an
-- entity may hold makes it fail: that would refuse the change.
create function register_put(
    d register_declared, tenant text, id text, types text[], scopes text[], attrs jsonb
) returns void language plpgsql volatile as $$
#variable_conflict use_column
declare
    own text := id;
    its_keys text[] := '{}';
    its_texts text[] := '{}';
    its_facets text[] := '{}';
    its_place jsonb;
    held jsonb;
    said text;
    key text;
begin
    if octet_length(id) > 1500 then
        return;  -- no index takes it, and no person typed it
    end if;
    if starts_with(id, d.id_before) and right(id, length(d.id_after)) = d.id_after then
        own := substr(
            id, length(d.id_before) + 1, length(id) - length(d.id_before) - length(d.id_after)
        );
        if strpos(own, '%') > 0 then
            own := register_unquote(own);
        end if;
    end if;
    for n in 1 .. coalesce(array_length(d.key_attributes, 1), 0) loop
        held := register_value(attrs, d.key_attributes[n], d.key_members[n]);
        key := null;
        if d.key_kinds[n] = 'number' then
            if jsonb_typeof(held) = 'number' then
                key := register_number_key(held::double precision);
            end if;
        else
            said := register_text(held);
            if d.key_kinds[n] = 'key' and coalesce(said, '') = '' then
                said := own;
            end if;
            if said <> '' then
                key := case
                    when d.key_kinds[n] = 'exact' then left(said, 200)
                    else register_text_key(said)
                end;
            end if;
        end if;
        its_keys := its_keys || key;
    end loop;
    for n in 1 .. coalesce(array_length(d.text_attributes, 1), 0) loop
        held := register_value(attrs, d.text_attributes[n], d.text_members[n]);
        said := register_text(held);
        if coalesce(said, '') = '' and d.text_attributes[n] = d.key_attribute then
            said := own;
        end if;
        its_texts := its_texts || coalesce(register_fold(said), '');
    end loop;
    for n in 1 .. coalesce(array_length(d.facet_attributes, 1), 0) loop
        held := register_value(attrs, d.facet_attributes[n], '');
        if jsonb_typeof(held) = 'array' then
            its_facets := its_facets || array(
                select d.facet_attributes[n] || '=' || left(f.value, 200)
                from jsonb_array_elements_text(held) as f (value)
            );
        end if;
    end loop;
    its_place := attrs -> d.place -> 0 -> 'value';
    insert into register_row as r (
        tenant, register, entity_id, types, scopes, keys, texts, facets, grams, place
    )
    values (
        register_put.tenant, d.register, register_put.id, register_put.types, register_put.scopes,
        its_keys, its_texts, its_facets,
        register_grams(
            array_to_string(its_texts, E'\n'), register_put.tenant, d.register
        ),
        case
            when its_place ->> 'type' = 'Point' then point(
                (its_place -> 'coordinates' ->> 0)::double precision,
                (its_place -> 'coordinates' ->> 1)::double precision
            )
        end
    )
    on conflict (tenant, register, entity_id) do update
    set
        types = excluded.types, scopes = excluded.scopes, keys = excluded.keys,
        texts = excluded.texts, facets = excluded.facets, grams = excluded.grams,
        place = excluded.place
    where
        (r.keys, r.texts, r.facets, r.types, r.scopes)
            is distinct from
            (excluded.keys, excluded.texts, excluded.facets, excluded.types, excluded.scopes)
        or r.place::text is distinct from excluded.place::text;
end
$$;

create function register_follow() returns trigger language plpgsql as $$
declare
    d register_declared;
    name text;
    differs boolean;
begin
    if tg_op <> 'INSERT' and (tg_op = 'DELETE' or not new.types @> old.types) then
        delete from register_row r
        where r.tenant = old.tenant and r.entity_id = old.id;
    end if;
    if tg_op = 'DELETE' then
        return null;
    end if;
    for d in select * from register_declared where type = any (new.types) loop
        differs := tg_op = 'INSERT' or new.types <> old.types or new.scopes <> old.scopes;
        if not differs then
            foreach name in array d.attributes loop
                if (new.attrs -> name) is distinct from (old.attrs -> name) then
                    differs := true;
                    exit;
                end if;
            end loop;
        end if;
        if differs then
            perform register_put(d, new.tenant, new.id, new.types, new.scopes, new.attrs);
        end if;
    end loop;
    return null;
end
$$;

-- Let the triggers look at the declared types, and at no others.
create function register_watch() returns void language plpgsql as $$
declare
    watched text[];
begin
    select array_agg(distinct d.type order by d.type) into watched from register_declared d;
    if watched is null then
        drop trigger if exists register_created on entity;
        drop trigger if exists register_updated on entity;
        drop trigger if exists register_deleted on entity;
        return;
    end if;
    -- The data of snapshots (a tenant with U+0001 in it) are in no list. Replacing a trigger holds
    -- writers up, but no readers.
    execute format(
        'create or replace trigger register_created after insert on entity for each row'
        ' when (new.types && %L::text[] and strpos(new.tenant, chr(1)) = 0)'
        ' execute function register_follow()', watched
    );
    execute format(
        'create or replace trigger register_updated after update on entity for each row'
        ' when ((new.types && %1$L::text[] or old.types && %1$L::text[])'
        ' and strpos(new.tenant, chr(1)) = 0)'
        ' execute function register_follow()', watched
    );
    execute format(
        'create or replace trigger register_deleted after delete on entity for each row'
        ' when (old.types && %L::text[]) execute function register_follow()', watched
    );
end
$$;

-- Who changed which record of a register, when, from what to what.
create table register_edit (
    tenant text not null,
    entity_id text not null,
    id bigint generated always as identity,
    register text not null,
    batch uuid,                          -- shared by all edits of a bulk edit or an import
    kind text not null check (kind in ('create', 'edit', 'delete', 'bulk', 'import', 'undo')),
    actor text not null,
    name text not null,                  -- of the actor, then
    at timestamptz not null,
    title text not null,
    note text not null default '',
    head json,                           -- types and scopes of a record that was deleted
    before jsonb,                        -- {attribute IRI: [instance, …]}; null: no record
    after jsonb,
    undoes bigint,
    undone_by bigint,
    primary key (tenant, entity_id, id)
);
create index register_edit_by_register on register_edit (tenant, register, id);
create index register_edit_by_number on register_edit (tenant, id);
create index register_edit_by_batch on register_edit (tenant, batch) where batch is not null;
