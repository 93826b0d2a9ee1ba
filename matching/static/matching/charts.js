/* Draws the charts of the admin's pages with Chart.js (chart.umd.js: version 4.6.1, as npm has it).
 *
 * A chart is `<canvas class="chart" data-chart="{…}" role="img" aria-label="…">` inside a `<figure>`. The same
 * figures stand in a table: for the keyboard, for screen readers, and where no script runs. The JSON:
 *
 *   type    "bar" or "line": what a series is that does not say its kind
 *   labels  of the buckets; days such as 2026-11-01 are shortened on the axis
 *   series  [{label, values: [number or null, …], kind: "bar" or "line", axis: "left" or "right",
 *            dashed: of an earlier period, unit, names: what each value is of, where not its label}]
 *   links   where a click on a bucket leads, or null
 *
 * `data-height` is its height in pixels, if not 260. Series differ by pattern, dashes and the shape of points
 * too, never by colour alone. Colours are the admin's; a dashed series has that of the one it is compared to.
 */
"use strict";
{
    const COLORS = ["--link-fg", "--body-fg", "--error-fg", "--body-quiet-color"];
    const DASHES = {solid: [[], [10, 3, 2, 3], [14, 4]], dashed: [[6, 4], [2, 3], [10, 6]]};
    const SHAPES = ["circle", "rectRot", "triangle", "rect"];
    const HEIGHT = 260;
    const DAY = /^\d{4}-\d\d-\d\d$/;
    const charts = new Map();

    function readTheme() {
        const style = getComputedStyle(document.documentElement);
        const color = (name) => style.getPropertyValue(name).trim();
        return {
            series: COLORS.map(color),
            text: color("--body-fg"),
            quiet: color("--body-quiet-color"),
            grid: color("--hairline-color"),
            border: color("--border-color"),
            ground: color("--body-bg"),
        };
    }

    /* A fill that is pale enough for a line before it, and has a pattern of its own: the first of a chart is
       plain, the others are striped this way, that way, and dotted. */
    function fillOf(color, number) {
        const ratio = window.devicePixelRatio || 1;
        const tile = document.createElement("canvas");
        tile.width = tile.height = Math.round(8 * ratio);
        const paint = tile.getContext("2d");
        paint.scale(tile.width / 8, tile.height / 8);
        paint.fillStyle = paint.strokeStyle = color;
        paint.globalAlpha = number ? 0.15 : 0.45;
        paint.fillRect(0, 0, 8, 8);
        paint.globalAlpha = 1;
        paint.lineWidth = 1.5;
        paint.beginPath();
        if (number % 4 === 1 || number % 4 === 2) {
            const way = number % 4 === 1 ? 1 : -1;
            for (const shift of [-8, 0, 8]) {
                paint.moveTo(-2 + shift, 4 + way * 6);
                paint.lineTo(10 + shift, 4 - way * 6);
            }
            paint.stroke();
        } else if (number % 4 === 3) {
            paint.arc(4, 4, 1.5, 0, 2 * Math.PI);
            paint.fill();
        }
        const pattern = paint.createPattern(tile, "repeat");
        pattern.setTransform(new DOMMatrix().scale(8 / tile.width));
        return pattern;
    }

    function datasetsOf(described, theme) {
        const counts = {bar: 0, solid: 0, dashed: 0};
        const colors = {};
        let used = 0;
        return described.series.map((series) => {
            const axis = series.axis === "right" ? "right" : "left";
            const isBar = (series.kind || described.type) === "bar";
            if (!(series.dashed && axis in colors)) {
                colors[axis] = theme.series[used++ % theme.series.length];
            }
            const color = colors[axis];
            const number = counts[isBar ? "bar" : series.dashed ? "dashed" : "solid"]++;
            const common = {
                label: series.label,
                data: series.values.map((value) => (value === null ? null : Number(value))),
                yAxisID: axis,
                borderColor: color,
                unit: series.unit || "",
                names: series.names || null,
            };
            if (isBar) {
                return {
                    ...common, type: "bar", order: 1, backgroundColor: fillOf(color, number), borderWidth: 1,
                    borderDash: series.dashed ? [4, 3] : [], maxBarThickness: 48,
                };
            }
            const dashes = DASHES[series.dashed ? "dashed" : "solid"];
            return {
                ...common, type: "line", order: 0, borderWidth: 2, borderDash: dashes[number % dashes.length],
                backgroundColor: series.dashed ? theme.ground : color,
                pointBackgroundColor: series.dashed ? theme.ground : color,
                pointStyle: SHAPES[(counts.solid + counts.dashed - 1) % SHAPES.length],
                pointRadius: series.values.length > 62 ? 0 : series.values.length > 14 ? 2 : 3, pointHoverRadius: 5, pointBorderWidth: 1.5,
            };
        });
    }

    /* Money has its cents everywhere, counts have none. */
    function write(value, dataset) {
        const digits = areWhole(dataset) ? 0 : 2;
        const format = {minimumFractionDigits: digits, maximumFractionDigits: digits};
        return value.toLocaleString("en", format) + (dataset.unit && ` ${dataset.unit}`);
    }

    function describe(dataset, index) {
        const name = dataset.names ? `${dataset.label} (${dataset.names[index]})` : dataset.label;
        const value = dataset.data[index];
        return `${name}: ${value === null ? "none" : write(value, dataset)}`;
    }

    function writeDay(label, format) {
        return new Date(`${label}T00:00:00Z`).toLocaleDateString("en", {...format, timeZone: "UTC"});
    }

    function areWhole(dataset) {
        return dataset.data.every((value) => value === null || Number.isInteger(value));
    }

    function axisOf(side, datasets, theme) {
        const own = datasets.filter((dataset) => dataset.yAxisID === side);
        const [named] = own;
        return {
            position: side,
            display: own.length > 0,
            beginAtZero: true,
            suggestedMax: 1, // zeros alone lie on the ground, not in the middle
            grid: {color: theme.grid, drawOnChartArea: side === "left" || own.length === datasets.length},
            border: {color: theme.border},
            ticks: {
                color: theme.quiet,
                maxTicksLimit: 6,
                precision: own.every(areWhole) ? 0 : undefined,
                callback: (value) =>
                    value.toLocaleString("en", {notation: Math.abs(value) < 1e6 ? "standard" : "compact"}),
            },
            title: {
                display: own.length > 0 && own.length < datasets.length,
                text: named && (named.unit ? `${named.label} (${named.unit})` : named.label),
                color: theme.quiet,
            },
        };
    }

    function legendOf(chart) {
        const items = Chart.defaults.plugins.legend.labels.generateLabels(chart);
        return items.sort((one, other) => one.datasetIndex - other.datasetIndex).map((item) => {
            const dataset = chart.data.datasets[item.datasetIndex];
            const isBar = dataset.type === "bar";
            return {
                ...item,
                pointStyle: isBar ? "rect" : "line",
                fillStyle: dataset.backgroundColor,
                strokeStyle: dataset.borderColor,
                lineDash: dataset.borderDash,
                lineWidth: isBar ? 1 : 2,
            };
        });
    }

    function follow(link, event) {
        if (event.ctrlKey || event.metaKey) {
            window.open(link, "_blank", "noopener");
        } else {
            window.location.assign(link);
        }
    }

    function configurationOf(described, theme) {
        const {labels, links} = described;
        const areDays = labels.every((label) => DAY.test(label));
        const ticks = areDays ? labels.map((label) => writeDay(label, {month: "short", day: "numeric"})) : labels;
        const titles = areDays ? labels.map((label) => `${writeDay(label, {weekday: "long"})}, ${label}`) : labels;
        const datasets = datasetsOf(described, theme);
        const linkOf = (index) => links?.[index] || null;
        return {
            type: described.type,
            data: {labels, datasets},
            options: {
                responsive: true,
                maintainAspectRatio: false,
                animation: false, // nothing moves, whether or not somebody asks for less motion
                interaction: {mode: "index", intersect: false},
                onClick: (event, [element]) => {
                    if (linkOf(element?.index)) {
                        follow(linkOf(element.index), event.native);
                    }
                },
                onHover: (event, [element]) => {
                    event.native.target.style.cursor = linkOf(element?.index) ? "pointer" : "";
                },
                scales: {
                    x: {
                        grid: {display: false},
                        border: {color: theme.border},
                        ticks: {
                            color: theme.quiet,
                            maxRotation: 0,
                            autoSkipPadding: 12,
                            callback: (_, index) => ticks[index],
                        },
                    },
                    left: axisOf("left", datasets, theme),
                    right: axisOf("right", datasets, theme),
                },
                plugins: {
                    legend: {
                        display: datasets.length > 1,
                        align: "start",
                        labels: {
                            color: theme.text,
                            usePointStyle: true,
                            pointStyleWidth: 32,
                            padding: 14,
                            generateLabels: legendOf,
                        },
                    },
                    tooltip: {
                        backgroundColor: theme.ground,
                        borderColor: theme.border,
                        borderWidth: 1,
                        titleColor: theme.text,
                        bodyColor: theme.text,
                        footerColor: theme.quiet,
                        padding: 10,
                        boxPadding: 4,
                        usePointStyle: true,
                        itemSort: (one, other) => one.datasetIndex - other.datasetIndex,
                        callbacks: {
                            title: ([item]) => titles[item.dataIndex],
                            label: ({dataset, dataIndex}) => describe(dataset, dataIndex),
                            labelPointStyle: ({dataset}) => ({
                                pointStyle: dataset.type === "bar" ? "rect" : dataset.pointStyle,
                                rotation: 0,
                            }),
                            footer: ([item]) => (linkOf(item.dataIndex) ? "Click to open" : ""),
                        },
                    },
                },
            },
        };
    }

    /* Chart.js fits a chart into its parent, which must hold nothing else. */
    function frame(canvas) {
        const parent = document.createElement("div");
        parent.className = "chart-frame";
        parent.style.position = "relative";
        parent.style.minWidth = "0";
        parent.style.height = `${Number(canvas.dataset.height) || HEIGHT}px`;
        canvas.replaceWith(parent);
        parent.append(canvas);
        canvas.hidden = false;
    }

    function draw(canvas, theme) {
        charts.get(canvas)?.destroy();
        const described = JSON.parse(canvas.dataset.chart);
        charts.set(canvas, new Chart(canvas, configurationOf(described, theme)));
    }

    function redraw() {
        const theme = readTheme();
        for (const canvas of charts.keys()) {
            draw(canvas, theme);
        }
    }

    function drawAll() {
        const theme = readTheme();
        Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
        for (const canvas of document.querySelectorAll("canvas.chart[data-chart]")) {
            frame(canvas);
            draw(canvas, theme);
        }
        new MutationObserver(redraw).observe(document.documentElement, {attributeFilter: ["data-theme"]});
        window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    }

    if (document.readyState === "loading") {
        document.addEventListener("DOMContentLoaded", drawAll);
    } else {
        drawAll();
    }
}
