"""In: a producer's journal, the store and every topic. Out: whether the promises of delivery hold, or what breaks them.

`load_tests.oracle.check` has `check`; the modules beside it each judge some of the invariants I1 to I11 over plain
values, so that every one of them can be shown to fail.
"""
