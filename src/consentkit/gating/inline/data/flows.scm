; What flows somewhere in a script (queries of tree-sitter): @from into @into, @each element of it into @into,
; @result out of a function; the names that a script declares; its functions and calls.
(assignment_expression left: (_) @into right: (_) @from)
(augmented_assignment_expression left: (_) @into right: (_) @from) @sum
(variable_declarator name: (_) @into value: (_) @from)
(variable_declarator name: (_) @name)
(class_declaration name: (_) @name)
(class_declaration name: (_) @into) @from
(import_clause (identifier) @imported) (namespace_import (identifier) @imported)
(import_specifier (identifier) @imported)
(import_statement source: (_) @source) (export_statement source: (_) @source)
(pair key: (_) @into value: [(function_expression) (arrow_function)] @from)
(for_in_statement left: (_) @into right: (_) @each)
(for_in_statement kind: _ left: (_) @name)
(return_statement (_) @result)
(yield_expression (_) @result)
(throw_statement (_) @thrown)
(catch_clause parameter: (_) @caught)
(catch_clause parameter: (_) @name)
(with_statement) @with
(arrow_function body: (_) @result)
[(function_declaration) (generator_function_declaration) (function_expression) (generator_function)
 (arrow_function) (method_definition)] @function
[(call_expression) (new_expression)] @call
