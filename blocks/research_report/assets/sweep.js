// The parts of the page, joined.

setTable.fill();
if (run.parameters.length) heatMap.fill();
document.body.ariaBusy = null;
