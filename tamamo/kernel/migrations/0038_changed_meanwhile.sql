-- A statement that finds other rows than it was made for undoes itself: see context/entities/write.py.
create function changed_meanwhile() returns text language plpgsql as $$
begin
    raise serialization_failure using message = 'an entity was changed meanwhile';
end
$$;
