// Two charts of the last minutes. Chart.js comes as a WebJar and gives the global Chart.

const dark = matchMedia('(prefers-color-scheme: dark)');

const THROUGHPUT = [
  ['accepted', 'accepted', '--line-1', []],
  ['published', 'published', '--line-2', [6, 3]],
  ['applied', 'applied', '--line-3', [2, 2]],
];
const LAG = [
  ['toPublish', 'wait for their topic', '--line-2', []],
  ['toApply', 'wait for an effect', '--line-3', [4, 3]],
];

export function charts() {
  const both = [
    chart(document.getElementById('throughput'), THROUGHPUT, 'Throughput'),
    chart(document.getElementById('lag'), LAG, 'Lag'),
  ];
  dark.addEventListener('change', () => both.forEach((each) => each.colour()));
  return (history) => both.forEach((each) => each.show(history));
}

function chart(canvas, series, name) {
  const drawn = new Chart(canvas, {
    type: 'line',
    data: {
      labels: [],
      datasets: series.map(([, label, , dash]) => ({
        label,
        data: [],
        borderWidth: 2,
        borderDash: dash,
        pointRadius: 0,
        tension: 0.25,
      })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: { ticks: { maxTicksLimit: 4, maxRotation: 0 }, grid: { display: false } },
        y: { beginAtZero: true, suggestedMax: 5, ticks: { maxTicksLimit: 5, precision: 0 } },
      },
      plugins: { legend: { position: 'bottom', labels: { boxWidth: 22, boxHeight: 1 } } },
    },
  });
  let newest = '';

  function colour() {
    const style = getComputedStyle(document.documentElement);
    const value = (variable) => style.getPropertyValue(variable).trim();
    series.forEach(([, , variable], index) => {
      drawn.data.datasets[index].borderColor = value(variable);
      drawn.data.datasets[index].backgroundColor = value(variable);
    });
    for (const axis of [drawn.options.scales.x, drawn.options.scales.y]) {
      axis.ticks.color = value('--soft');
      axis.grid.color = value('--edge');
    }
    drawn.options.plugins.legend.labels.color = value('--text');
    drawn.update('none');
  }

  function show(history) {
    const last = history.at(-1);
    if (!last || last.at === newest) return;
    newest = last.at;
    drawn.data.labels = history.map((point) => new Date(point.at).toLocaleTimeString('en-GB'));
    series.forEach(([field], index) => {
      drawn.data.datasets[index].data = history.map((point) => point[field]);
    });
    drawn.update('none');
    canvas.ariaLabel = `${name}: ${series
      .map(([field, label]) => `${Math.round(last[field])} ${label}`)
      .join(', ')}`;
  }

  colour();
  return { show, colour };
}
