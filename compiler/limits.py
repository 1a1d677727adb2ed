"""How much a file may ask for: every limit in one place. Beyond one, a `limit` diagnostic says so at the place."""

# --- text
TEXT = 16 * 2**20  # bytes of a file, and characters of a text; 100,000 long lines are about 8 MiB
LINE = 20_000  # characters of a line
STATEMENT = 200_000  # words and signs of a statement
BRACKETS = 100  # open at one place
INDENTATION = 100  # bodies in each other
EXPRESSION = 100  # depth of an expression; every walk over one may recurse
STACK = 2_000  # symbols the parser holds open: chains such as `- - - 1`
DIGITS = 20  # of a number

# --- expansion
LAYERS = 120_000  # of a model, all blocks and loops expanded
TOGETHER = 300_000  # layers and turns of all models of a file that are checked together
CALLS = 50_000  # of blocks, models and `let` functions
DEPTH = 64  # of calls within each other, and of files that import each other
TURNS = 250_000  # of loops, `repeat` and comprehensions together
INTEGER = 10**18  # the largest whole number, also as an intermediate result
ITEMS = 100_000  # of one list, tuple or map
CHARACTERS = 10_000  # of one string
ERRORS = 50  # told of one model
FILES = 200  # imported, one by another
VALUES = 10**12  # of one map or weight

# --- training
WHITENED = 4_096  # values of an example that `standardize zca=true` takes: its matrix has the square of that
