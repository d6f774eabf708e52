// Flows that are integrated where they are looked at: each is the twin of a Python function, which makes the same view.
// A flow takes the view at the start of the knobs, their values, and the constants that Python gave it.
function tensorFlows() {
  const onCircle = (degrees) => [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];

  // gradient descent on the sum of w_i c_i⊗c_i⊗c_i in the plane, as tensors.descents does it
  function descent(starts, about) {
    const targets = about.turns.map(onCircle), {scale, rate} = about, n = starts.length, pull = 1 / scale;
    let C = starts.map((degrees) => onCircle(degrees).map((x) => about.radius * x)), w = C.map(() => about.weight), time = 0, size = 0;
    for (const u of targets) for (const v of targets) size += (pull * (u[0] * v[0] + u[1] * v[1])) ** 2 * (u[0] * v[0] + u[1] * v[1]);
    const trace = {time: [], error: [], vectors: []};
    for (let step = 0; ; step++) {
      const nextC = [], nextW = [];
      let captured = 0;
      for (let i = 0; i < n; i++) {   // R: the residual, contracted with c_i twice
        const [x, y] = C[i];
        let Rx = 0, Ry = 0;
        for (const v of targets) { const a = pull * (v[0] * x + v[1] * y) ** 2; Rx += a * v[0]; Ry += a * v[1]; }
        const target = Rx * x + Ry * y;
        for (let j = 0; j < n; j++) { const c = C[j], a = w[j] * (c[0] * x + c[1] * y) ** 2; Rx -= a * c[0]; Ry -= a * c[1]; }
        const value = Rx * x + Ry * y, k = 3 * rate * w[i];
        captured += w[i] * (target + value);
        nextC.push([x + k * Rx, y + k * Ry]); nextW.push(w[i] + rate * value);
      }
      const error = Math.sqrt(Math.abs(size - captured) / size), stop = error <= about.tol || step === about.steps;
      if (stop || step % about.every === 0) {
        trace.time.push(time); trace.error.push(error);
        trace.vectors.push(C.map((c, i) => c.map((x) => Math.cbrt(scale * w[i]) * x)));
      }
      if (stop) {   // what has arrived stays where it is
        for (let k = 0; k <= about.steps; k += about.every) if (k * rate > time + 1e-9) {
          trace.time.push(k * rate); trace.error.push(error); trace.vectors.push(trace.vectors[trace.vectors.length - 1]);
        }
        return trace;
      }
      C = nextC; w = nextW; time += rate;
    }
  }
  const nearest = (list, v) => list.reduce((best, x, i) => Math.abs(x - v) < Math.abs(list[best] - v) ? i : best, 0);

  function fan(view, {angle, spread, time}, about) {   // tensors.stuck
    const starts = [angle - spread, angle, angle + spread], run = descent(starts, about), now = nearest(run.time, time);
    const {error} = run, last = error[error.length - 1], at = run.vectors[now];
    const [plane, errors, basin] = view.panels, [a, b, c, first, here, ...rest] = plane.series;
    const points = (list) => ({x: list.map((v) => v[0]), y: list.map((v) => v[1])});
    const rims = run.vectors[0].flatMap(([x, y], i) => [x, y, [angle, 0, angle][i], [-1, 1, 1][i]]);
    const near = ["trap", "swamp"].find((name) => Math.abs(last - about[name]) < 0.02);
    const end = last < 0.05 ? "finds the target" : near ? `is in the ${near}` : "is elsewhere";
    const tracks = [a, b, c].map((s, i) => ({...s, ...points(run.vectors.slice(0, now + 1).map((v) => v[i]))}));
    const shifted = run.time.map((t) => t + about.shift), [whole, stand, ...guides] = errors.series;
    return {...view, panels: [
      {...plane, series: [...tracks, {...first, ...points(run.vectors[0])}, {...here, ...points(at)}, ...rest], held: rims},
      {...errors, series: [{...whole, x: shifted, y: error}, {...stand, x: [shifted[now]], y: [error[now]]}, ...guides],
       held: [shifted[now], error[now], about.shift, 1]},
      {...basin, series: [{...basin.series[0], x: [angle], y: [spread]}], held: [angle, spread, 0, 1],
       note: `The start at ${angle}°, ${spread}° ${end}.`}],
      text: `Angle ${angle}°, spread ${spread}°: at t = ${run.time[now].toFixed(1)} the relative error is ${error[now].toFixed(3)}; vanilla `
        + `descent ${end}, at ${last.toFixed(3)}${view.text.slice(view.text.indexOf(". Modified"))}`};
  }
  return {fan};
}
