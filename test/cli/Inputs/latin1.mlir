// café
builtin.module {
}
