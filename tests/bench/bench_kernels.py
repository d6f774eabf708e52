"""How fast are loss, gradient and lazy fit, beside what cannot be avoided and beside PyTorch?

    python tests/bench/bench_kernels.py [--quick] [--only 1 3 ...]

Prints one table. Times are compared, never judged alone: the functions of a comparison run in turn, many times,
in one process; a ratio is that of their median times, with the quartiles of the ratios of single rounds beside it.
Every comparison has a fresh process of its own, so that none inherits the memory that another has warmed up. One thread
unless said; times of one thread are processor times, so that other programs on the machine disturb them less (though
they share its caches). Several threads are judged by the wall clock, which means something on an idle machine only: the
load before each comparison stands beside it, and the processor time that the second thread cost.
--quick leaves out the minutes-long fits (the factorisation of 3 GB, the fit with a million parameters).
The exit status says what was missed: 1 for item 1, 2 for item 2, 4 for item 3, …, added up.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from math import inf
from pathlib import Path

import numpy as np

try:
    import resource
except ImportError:  # Windows
    resource = None

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, os.environ.get("TENSOR_OVERPARAM", str(ROOT)))  # the copy of the package to measure

# --- measuring ------------------------------------------------------------------------------------


clock = time.process_time  # `one` takes the wall clock where there are several threads


def race(functions, seconds=2.0, least=7):
    """Run functions in turn until time is up; return the seconds of each in every round, by name."""
    for f in functions.values():
        f()
    loops = {name: 1 + int(2e-4 / max(1e-7, once(f))) for name, f in functions.items()}
    times, start = {name: [] for name in functions}, time.perf_counter()
    while time.perf_counter() - start < seconds or min(map(len, times.values())) < least:
        for name, f in functions.items():
            times[name].append(once(f, loops[name]))
    return {name: np.array(t) for name, t in times.items()}


def once(f, loops=1):
    """Seconds of one call."""
    start = clock()
    for _ in range(loops):
        f()
    return (clock() - start) / loops


def fastest(measured, *names):
    """The times of whichever has the least median."""
    return min((measured[name] for name in names), key=np.median)


def ratio(slow, fast):
    """How many times slower: by the medians, and the quartiles of single rounds."""
    return [float(np.median(slow) / np.median(fast)), *np.quantile(slow / fast, (0.25, 0.75)).tolist()]


def ms(t):
    """Median in milliseconds."""
    return 1e3 * float(np.median(t))


def peak_memory():
    """Most memory that this process has held so far, in MB."""
    try:  # a new program inherits ru_maxrss from the one that started it; VmHWM starts afresh
        return next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def page_faults(f, calls=5):
    """Pages of memory that a call has to ask the system for, once it has warmed up."""
    if not resource:
        return None
    def count():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    f()
    f()
    start = count()
    for _ in range(calls):
        f()
    return (count() - start) // calls


# --- what is compared -----------------------------------------------------------------------------


def problem(m, d, order, r, batch=()):
    """A planted target with r terms, its squared norm, and a student: unit vectors and weights."""
    from tensor_overparam.tensors.problems import gaussian
    from tensor_overparam.tensors.targets import sqnorm
    T, rng = gaussian(d, r, order, rng=1), np.random.default_rng(2)
    C = rng.normal(size=(*batch, m, d))
    return T, float(sqnorm(T)), C / np.linalg.norm(C, axis=-1, keepdims=True), rng.normal(size=(*batch, m))


def package(T, C, w, size):
    """Loss, residual rows and residual values by the package."""
    from tensor_overparam.descent.objective import residual

    return lambda: residual(T, C, w, size)


def by_hand(T, C, w, size):
    """The same as one would write it for order 3, knowing that nothing else will be asked."""
    a, U = T.weights, T.vectors

    def f():
        P, G = C @ U.T, C @ C.T
        A = (P * P) @ (a[:, None] * U)
        R = A - (G * G) @ (w[:, None] * C)
        values = np.vecdot(C, R)
        return 0.5 * (size - w @ (np.vecdot(C, A) + values)), R, values

    return f


def by_autograd(T, C, w, power, size=None):
    """Loss and gradient by PyTorch's automatic differentiation of the loss in Gram form."""
    import torch

    U, a = torch.from_numpy(T.vectors), torch.from_numpy(T.weights)
    C, w = torch.tensor(C, requires_grad=True), torch.tensor(w, requires_grad=True)

    def f():
        C.grad = w.grad = None
        square = a @ power(U @ U.T, T.order) @ a if size is None else size
        loss = 0.5 * (w @ power(C @ C.T, T.order) @ w - 2 * (w @ power(C @ U.T, T.order) @ a) + square)
        loss.backward()
        return loss.detach().numpy(), C.grad.numpy(), w.grad.numpy()

    return f


def gradient(f, order, w):
    """Loss and gradient from loss, residual rows and residual values."""

    def g():
        loss, R, values = f()
        return loss, -order * w[..., None] * R, -values

    return g


def squarings(x, p):
    """x**p by repeated squaring."""
    if p == 1:
        return x
    half = squarings(x, p // 2)
    return half * half * x if p % 2 else half * half


def agree(f, g):
    """Stop where two ways to a loss and its gradient differ."""
    for x, y in zip(f(), g()):
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-11)


# --- comparisons, each in a process of its own ----------------------------------------------------


def products(m, d, order, seconds):
    """Loss and residual rows, beside the two products with the student's Gram matrix."""
    from scipy.linalg.blas import dgemm, dsymm, dsyrk

    from tensor_overparam.descent.objective import residual
    T, size, C, w = problem(m, d, order, 10)
    faults = page_faults(lambda: residual(T, C, w, size))
    G, out, F, Fout = np.empty((m, m)), np.empty((m, d)), np.zeros((m, m), order="F"), np.empty((d, m), order="F")
    gram = {
        "numpy": lambda: np.matmul(C, C.T, out=G),
        "dsyrk upper": lambda: dsyrk(1.0, C.T, trans=1, c=F, overwrite_c=1),
        "dsyrk lower": lambda: dsyrk(1.0, C.T, trans=1, lower=1, c=F, overwrite_c=1),
    }
    product = {
        "matmul": lambda: np.matmul(G, C, out=out),
        "dgemm": lambda: dgemm(1.0, C.T, F, c=Fout, overwrite_c=1),
        "dsymm upper": lambda: dsymm(1.0, F, C.T, side=1, c=Fout, overwrite_c=1),
        "dsymm lower": lambda: dsymm(1.0, F, C.T, side=1, lower=1, c=Fout, overwrite_c=1),
    }
    t = race({"residual": lambda: residual(T, C, w, size)} | gram | product, seconds)
    least = fastest(t, *gram) + fastest(t, *product)
    return dict(ratio=ratio(t["residual"], least), ms=ms(t["residual"]), faults=faults)


def threads(m, d, order, seconds):
    """Loss and residual rows with one thread and with two, by the wall clock; BLAS has one in each."""
    global clock
    from tensor_overparam.descent.objective import residual
    from tensor_overparam.tensors.threads import SWITCH
    clock = time.perf_counter
    T, size, C, w = problem(m, d, order, 10)

    def on(n):
        def f():
            os.environ[SWITCH] = str(n)
            return residual(T, C, w, size)
        return f

    same = all(np.array_equal(x, y) for x, y in zip(on(1)(), on(2)()))
    t = race({"one": on(1), "two": on(2)}, seconds)
    clock = time.process_time
    cpu = race({"one": on(1), "two": on(2)}, seconds / 3)
    return dict(ratio=ratio(t["one"], t["two"]), cpu=ratio(cpu["two"], cpu["one"]), same=same, ms=ms(t["two"]))


def autograd(m, d, order, r, seconds):
    """Loss and gradient, beside PyTorch's and beside a few lines of NumPy."""
    T, size, C, w = problem(m, d, order, r)
    ours = package(T, C, w, size)
    f = {
        "residual": ours,
        "gradient": gradient(ours, order, w),
        "torch **": by_autograd(T, C, w, lambda x, p: x**p),
        "torch *": by_autograd(T, C, w, squarings),
        "torch **, size": by_autograd(T, C, w, lambda x, p: x**p, size),
        "torch *, size": by_autograd(T, C, w, squarings, size),
    }
    for name in f:
        agree(f["gradient"] if name != "residual" else ours, f[name])
    if order == 3:
        f["hand"] = by_hand(T, C, w, size)
        agree(ours, f["hand"])
    t = race(f, seconds)
    return dict(ratio=ratio(fastest(t, "torch **", "torch *"), t["residual"]), us=1e3 * ms(t["residual"]),
                hard=ratio(fastest(t, "torch **, size", "torch *, size"), t["gradient"]),
                hand=ratio(t["residual"], t["hand"]) if order == 3 else None)


def batches(runs, m, d, order, seconds):
    """A batch of students, beside a loop over them."""
    from tensor_overparam.descent.objective import residual
    T, size, C, w = problem(m, d, order, 4, (runs,))
    def batch():
        return residual(T, C, w, size)
    def loop():
        return [residual(T, c, v, size) for c, v in zip(C, w)]
    for x, y in zip(batch(), zip(*loop())):
        np.testing.assert_allclose(x, np.stack(y), rtol=1e-9, atol=1e-12)
    faults = page_faults(batch)
    t = race({"batch": batch, "loop": loop}, seconds)
    return dict(ratio=ratio(t["loop"], t["batch"]), ms=ms(t["batch"]), faults=faults)


def memory(m, d, order):
    """Memory that loss and gradient of a wide student add, in MB."""
    from tensor_overparam.tensors.kernels import prefers_packing
    T, size, C, w = problem(m, d, order, 10)
    package(T, C[:10], w[:10], size)()  # what the libraries load and keep
    before = peak_memory()
    package(T, C, w, size)()
    return dict(mb=peak_memory() - before, packs=prefers_packing(m, m, d, order))


def packing(m, d, order, seconds):
    """A wide tensor contracted on its own vectors: packed, as the package chooses, beside panels of the Gram matrix."""
    from tensor_overparam.tensors.kernels import _own_panels, prefers_packing
    from tensor_overparam.tensors.targets import Factored
    _, _, C, w = problem(m, d, order, 1)
    T = Factored(w, C, order)
    x, y = T.contract(C), _own_panels(C, w, order - 1)
    t = race({"chosen": lambda: T.contract(C), "panels": lambda: _own_panels(C, w, order - 1)}, seconds, 3)
    return dict(ratio=ratio(t["panels"], t["chosen"]), packs=prefers_packing(m, m, d, order),
                gap=float(np.abs(x - y).max() / np.abs(y).max()))


def crossover(d, order, seconds):
    """The width at which packing a tensor for its own vectors starts to pay: measured, and as the package believes."""
    from tensor_overparam.tensors.kernels import _own_panels, contract_dense, pack_factored, prefers_packing, weigh
    widths = [int(m) for m in np.unique(np.geomspace(8, 6000, 600).astype(int))]
    believed = next((m for m in widths if prefers_packing(m, m, d, order)), None)

    def gain(m):
        _, _, C, w = problem(m, d, order, 1)
        def pack():
            return contract_dense(weigh(pack_factored(w, C, order), order), C, order)
        t = race({"panels": lambda: _own_panels(C, w, order - 1), "pack": pack}, seconds, 5)
        return float(np.median(t["panels"]) / np.median(t["pack"]))

    low, high = 0, len(widths) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if gain(widths[middle]) > 1 else (middle + 1, high)
    at = gain(believed) if believed else None
    return dict(believed=believed, measured=widths[low], gain_at_switch=at)


def lazy_race(m, d, order, factorise):
    """A lazy fit without the kernel matrix, beside its factorisation."""
    from tensor_overparam.descent.lazy import lazy_fit
    from tensor_overparam.descent.objective import sphere
    from tensor_overparam.tensors.problems import gaussian
    os.environ["TENSOR_OVERPARAM_MEMORY"] = "16"  # GiB: the kernel of 19992 unknowns is written down on purpose
    T, C = gaussian(d, 3, order, rng=0), sphere([0], 0, m, d)[0]
    fit = lazy_fit(T, C, method="cg")
    free = race({"cg": lambda: lazy_fit(T, C, method="cg")}, 10.0 if factorise else 3.0)["cg"]
    if not factorise:
        return dict(seconds=float(np.median(free)))
    start = clock()
    full = lazy_fit(T, C, method="cholesky")
    seconds = clock() - start
    again = race({"cg": lambda: lazy_fit(T, C, method="cg")}, 10.0)["cg"]
    free = np.concatenate([free, again])
    return dict(seconds=float(np.median(free)), ratio=ratio(seconds, free), factorised=seconds, method=full.method,
                gap=float(abs(full.unexplained - fit.unexplained)), mb=peak_memory(),
                delta=float(np.linalg.norm(full.delta - fit.delta) / np.linalg.norm(full.delta)))


def lazy_wide(m, d, order):
    """Time and memory of a lazy fit with m d parameters."""
    from tensor_overparam.descent.lazy import lazy_fit
    from tensor_overparam.descent.objective import sphere
    from tensor_overparam.tensors.problems import gaussian
    T, C = gaussian(d, 3, order, rng=0), sphere([0], 0, m, d)[0]
    start = time.perf_counter()
    fit = lazy_fit(T, C)
    return dict(seconds=time.perf_counter() - start, mb=peak_memory(), residual=fit.residual,
                unexplained=float(fit.unexplained), method=fit.method)


def training(seeds, d, r, m, order, epochs):
    """Modified gradient descent, many seeds at once, beside one after the other."""
    from tensor_overparam.descent.modified import modified_gd
    from tensor_overparam.tensors.problems import orthogonal
    T = orthogonal(d, r, order, rng=0)
    def go(rng):
        return modified_gd(T, m, rng=rng, epochs=epochs, tol=1e-9, finish=1)
    go(0)
    start = clock()
    batch = go(list(range(seeds)))
    middle = clock()
    loop = [go(i) for i in range(seeds)]
    end = clock()
    most, total = max(f.run.final.step for f in batch), sum(f.run.final.step for f in loop)
    same = sum(f.run.final.step == g.run.final.step for f, g in zip(batch, loop))
    return dict(ratio=(end - middle) / (middle - start), same=same, batch_rate=most / (middle - start),
                run_rate=sum(f.run.final.step for f in batch) / (middle - start), loop_rate=total / (end - middle))


def ends(repeats, steps):
    """256 short descents as a loop, as a sweep, and as a sweep with two workers: processor times and wall times."""
    from bench_sweeps import compared

    return compared(repeats, steps)


# --- the table ------------------------------------------------------------------------------------


def fresh(comparison, threads=1, **arguments):
    """Run a comparison in a new process and return what it measured."""
    task = json.dumps([comparison.__name__, threads, arguments])
    limits = {f"{name}_NUM_THREADS": str(threads) for name in ("OPENBLAS", "OMP", "MKL")}
    result = subprocess.run([sys.executable, __file__, "--one", task], text=True, stdout=subprocess.PIPE,
                            env=os.environ | limits)
    if result.returncode:
        raise SystemExit(f"{comparison.__name__}({arguments}) failed")
    return json.loads(result.stdout.splitlines()[-1])


def one(task):
    """Do in this process what `fresh` asked for, and print the answer."""
    global clock
    import scipy.linalg  # noqa: F401  a library that is loaded later would not be limited
    from threadpoolctl import threadpool_limits

    name, threads, arguments = json.loads(task)
    if threads > 1:
        clock = time.perf_counter
    if name == "autograd":
        import torch
        torch.set_num_threads(threads)
    with threadpool_limits(threads):
        print(json.dumps(globals()[name](**arguments)))


class Table:
    """Rows are printed as they come; those that miss their requirement are counted."""

    def __init__(self):
        self.missed, self.item = set(), 0
        self.row("what", "measured", "required", "verdict")
        print("-" * 142)

    def row(self, what, measured, required="", verdict=""):
        print(f"{what:<62} {measured:<60} {required:<9} {verdict}", flush=True)

    def add(self, what, number, shown, least=-inf, most=inf, also=True):
        required = f"≥ {least:g}" if least > -inf else f"≤ {most:g}" if most < inf else ""
        good = least <= number <= most and also
        if not good:
            self.missed.add(self.item)
        self.row(what, shown, required, ("met" if good else "MISSED") if required else "")


def times(x, unit="×"):
    """A ratio of medians, and the quartiles of its rounds."""
    return f"{x[0]:.3g}{unit} ({x[1]:.3g} to {x[2]:.3g})"


def load():
    """How busy the machine is, in words."""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"


def about():
    """Print versions and the machine."""
    import scipy.linalg
    from threadpoolctl import threadpool_info
    try:
        import torch
    except ImportError:
        torch = None
    try:
        cpu = next(x.split(":")[1].strip() for x in open("/proc/cpuinfo") if x.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__},",
          f"PyTorch {torch.__version__ if torch else 'not installed'}")
    print(f"{platform.system()} {platform.machine()}, {cpu}, {os.cpu_count()} cores, {load()}")
    kinds = sorted({f"{x['internal_api']} {x['version']} ({x.get('architecture', '?')})" for x in threadpool_info()
                    if x["user_api"] == "blas"})
    print("BLAS of NumPy and SciPy:", ", ".join(kinds))
    if torch:
        print("BLAS of PyTorch:", "MKL" if torch.backends.mkl.is_available() else "not MKL", "\n")
    return torch is not None


SIZES = ((1000, 100), (2000, 200), (2000, 500), (4000, 500))


def show_products(table, seconds, quick, torch):
    """Loss and gradient beside the two products, with one thread; and two threads beside one."""
    for m, d in SIZES:
        for order in (3, 4, 8):
            before = load()
            x = fresh(products, m=m, d=d, order=order, seconds=seconds * (2 if m > 2000 else 1))
            table.add(f"1 loss+gradient / two products, m={m} d={d} l={order}", x["ratio"][0],
                      times(x["ratio"]) + f", {x['faults']} faults, {before}", most=1.15)
    for m, d in SIZES:
        for order in (3, 4, 8):
            before = load()
            x = fresh(threads, m=m, d=d, order=order, seconds=seconds * (2 if m > 2000 else 1))
            shown = f", CPU {x['cpu'][0]:.2f}×, {'same bits' if x['same'] else 'OTHER BITS'}, {before}"
            table.add(f"1 one thread / two, wall clock, m={m} d={d} l={order}", x["ratio"][0],
                      times(x["ratio"]) + shown, least=1.75 if m >= 2000 else 0.95, also=x["same"])


def show_autograd(table, seconds, quick, torch):
    """Beside PyTorch."""
    if not torch:
        table.row("2 beside PyTorch", "PyTorch is not installed")
        return
    for m, d in SIZES[:2]:
        for order in (3, 4, 8):
            x = fresh(autograd, m=m, d=d, order=order, r=10, seconds=seconds)
            what = f"2 PyTorch autograd / loss+gradient, m={m} d={d} l={order}"
            table.add(what, x["ratio"][0], times(x["ratio"]), 2)
    x = fresh(autograd, m=20, d=20, order=3, r=4, seconds=seconds)
    table.add("2 PyTorch autograd / loss+gradient, m=20 d=20 l=3", x["ratio"][0],
              times(x["ratio"]) + f", {x['us']:.1f} µs", 8)
    table.row("2 … with -l w R written out, ‖T‖² given to PyTorch", times(x["hard"]))
    table.add("2 loss+gradient / NumPy by hand, m=20 d=20 l=3", x["hand"][0], times(x["hand"]), most=1.3)


def show_batches(table, seconds, quick, torch):
    """A batch beside a loop."""
    x = fresh(batches, runs=256, m=20, d=20, order=3, seconds=seconds)
    table.add("3 loop over 256 students / one batch, m=d=20 l=3", x["ratio"][0],
              times(x["ratio"]) + f", {x['faults']} faults", 5)


def show_memory(table, seconds, quick, torch):
    """Memory at m = 20 000."""
    for order in (3, 4):
        x = fresh(memory, m=20_000, d=50, order=order)
        what = f"4 memory, m=20000 d=50 l={order}, {'packed' if x['packs'] else 'panels'} (m² is 3200 MB)"
        table.add(what, x["mb"], f"{x['mb']:.0f} MB", most=500)


def show_packing(table, seconds, quick, torch):
    """Packed monomials beside panels of the Gram matrix."""
    x = fresh(packing, m=20_000, d=10, order=3, seconds=seconds)
    table.add("5 Gram panels / packed, own vectors, m=20000 d=10 l=3", x["ratio"][0],
              times(x["ratio"]) + f", gap {x['gap']:.0e}", 2, also=x["packs"] and x["gap"] < 1e-10)
    for order, d in ((3, 10),) if quick else ((3, 10), (3, 30), (3, 60), (4, 10), (4, 20), (5, 8), (6, 6)):
        x = fresh(crossover, d=d, order=order, seconds=seconds / 10)
        at = f", gain there {x['gain_at_switch']:.2f}×" if x["believed"] else ""
        table.row(f"5 packing pays from m, d={d} l={order}", f"{x['measured']} (switch at {x['believed']}{at})")


def show_lazy_race(table, seconds, quick, torch):
    """Matrix-free lazy fits beside Cholesky."""
    x = fresh(lazy_race, 2, m=294, d=68, order=3, factorise=not quick)
    what = "6 lazy fit, m=294 d=68 l=3, two threads"
    if quick:
        table.row(f"{what}: matrix-free", f"{1e3 * x['seconds']:.0f} ms")
    else:
        table.add(f"{what}: Cholesky / cg", x["ratio"][0],
                  times(x["ratio"]) + f", {x['factorised']:.0f} s / {1e3 * x['seconds']:.0f} ms", 300)
        table.add("6 unexplained by the two, difference", x["gap"], f"{x['gap']:.1e} ({x['method']})", most=1e-8)
        table.row("6 delta by the two, relative difference", f"{x['delta']:.1e}")
        x = fresh(lazy_race, m=294, d=68, order=3, factorise=True)
        table.add("6 the same with one thread, processor times", x["ratio"][0],
                  times(x["ratio"]) + f", {x['factorised']:.0f} s / {1e3 * x['seconds']:.0f} ms", 300)


def show_wide_fit(table, seconds, quick, torch):
    """A matrix-free lazy fit of 10 000 components."""
    x = fresh(lazy_wide, 2, m=10_000, d=100, order=3)
    shown = f"{x['mb']:.0f} MB, {x['seconds']:.0f} s, residual {x['residual']:.0e}"
    table.add("7 matrix-free lazy fit, m=10000 d=100 l=3, two threads", x["mb"], shown, most=500)


def show_training(table, seconds, quick, torch):
    """Batches of runs beside a loop, from beginning to end."""
    before = load()
    x = fresh(ends, repeats=3 if quick else 5, steps=100 if quick else 400)
    for name, what, least in (("single", "a sweep", 6), ("double", "a sweep with two workers", 10)):
        one = x[name]
        table.add(f"8 loop over 256 descents / {what}, m=d=20 l=3", one["cpu"][0],
                  times(one["cpu"]) + f", by the clock {one['wall'][0]:.1f}×, {before}", least)
    x = fresh(training, seeds=32, d=20, r=4, m=6, order=3, epochs=3 if quick else 20)
    table.row("8 modified_gd, loop over 32 seeds / batch, d=20 r=4 m=6 l=3", f"{x['ratio']:.2f}×")
    shown = f"{x['batch_rate']:.0f} (of all 32 at once), {x['loop_rate']:.0f}"
    table.row("8 steps per second, in the batch and in the loop", shown)


SHOW = (show_products, show_autograd, show_batches, show_memory, show_packing, show_lazy_race, show_wide_fit,
        show_training)


def show(table, item, quick, torch):
    """Measure one item and print its rows."""
    table.item = item
    SHOW[item - 1](table, 0.5 if quick else 3.0, quick, torch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="about a minute: fewer repeats, none of the long fits")
    parser.add_argument("--only", type=int, nargs="+", default=range(1, 9), metavar="ITEM", help="these only")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(options.one)
    torch = about()
    table = Table()
    for item in options.only:
        show(table, item, options.quick, torch)
    if table.missed:
        print("missed: " + ", ".join(f"item {item}" for item in sorted(table.missed)))
    return sum(2 ** (item - 1) for item in table.missed)


if __name__ == "__main__":
    sys.exit(main())
