; The members of object literals and classes, which are looked for only where a member is asked for.
(pair key: (_) @into value: (_) @from) (field_definition property: (_) @into value: (_) @from)
(shorthand_property_identifier) @short
