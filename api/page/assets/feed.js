// What the server says: asked once, and again whenever its stream says that something changed.

// Below which path of this server the account is asked for: none where it is the one that is meant.
const home = document.body.dataset.place;
const state = { seen: null, lostAt: 0, askedAt: 0, isAsking: false, isWanted: false };

// What is asked `aside` tells of a part of the page: where it fails, the answer has the `error`.
async function ask(path, aside = false) {
  try {
    const answer = await fetch(home + path, { headers: { Accept: 'application/json' }, cache: 'no-store' });
    if (answer.status === 401) {
      location.reload();
      return null;
    }
    const body = await answer.json();
    if (aside && !answer.ok) return { error: `${body.error || 'It cannot be read now'}.` };
    if (!answer.ok) {
      banner('problem', `${body.error || 'It cannot be read now'}.`, 'bad-banner');
      return null;
    }
    if (!aside) banner('problem', '');
    lost(false);
    return body;
  } catch (error) {
    lost(true);
    return null;
  }
}

function lost(isLost) {
  if (!isLost) state.lostAt = 0;
  else if (!state.lostAt) state.lostAt = Date.now();
  if (!isLost) return banner('lost', '');
  const of = state.seen ? ` What is below is of ${second(state.seen.session.clock.machine)}.` : '';
  say('The connection to Openbell is lost.');
  return banner('lost', `Openbell does not answer since ${second(state.lostAt - clock.ahead)}; `
    + `it is asked again by itself.${of}`, 'bad-banner');
}

function banner(name, text, kind = '') {
  let found = byId('banner-' + name);
  if (!text) return found && found.remove();
  if (!found) {
    found = make('div');
    found.id = 'banner-' + name;
    byId('banners').append(found);
  }
  found.className = 'banner ' + kind;
  if (found.textContent !== text) found.textContent = text;
  return found;
}

function warnOfSimulated(plan) {
  banner('simulated', plan && plan.is_simulated ? 'SIMULATED: these bars are of no real market.' : '', 'replay');
}

// Several changes at once are one question.
async function refresh(show) {
  state.isWanted = true;
  if (state.isAsking) return;
  state.isAsking = true;
  while (state.isWanted) {
    state.isWanted = false;
    state.askedAt = Date.now();
    const seen = await ask('/api/live');
    if (seen) show(seen);
  }
  state.isAsking = false;
}

// Sections that ask for themselves: when somebody looks there, and again when they want another.
const inSight = new Map();
const sectionsSight = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
  const found = inSight.get(target.id);
  found.isSeen = isIntersecting;
  askInSight(found);
}), { rootMargin: '300px' });

// `wanted` is another value at each change that its answer may tell of.
function whenSeen(id, path, wanted, show) {
  const found = inSight.get(id) || { told: '' };
  Object.assign(found, { path, wanted: JSON.stringify([path, wanted]), show });
  if (!inSight.has(id)) {
    inSight.set(id, found);
    sectionsSight.observe(byId(id));
  } else askInSight(found);
}

async function askInSight(found) {
  const { wanted, path, show } = found;
  if (!found.isSeen || found.told === wanted) return;
  found.told = wanted;
  const answer = await ask(path, true);
  // What was wanted meanwhile is asked for by itself.
  if (answer && found.wanted === wanted) show(answer);
  if (!answer || answer.error) found.told = '';
}

let stream = null;

function listen(show) {
  if (stream) stream.close();
  stream = new EventSource(`${home}/api/events`);
  let heard = Date.now();
  stream.addEventListener('changed', () => {
    heard = Date.now();
    refresh(show);
  });
  stream.addEventListener('alive', () => { heard = Date.now(); });
  stream.addEventListener('error', () => {
    // Whether somebody is there is seen by asking.
    refresh(show);
    // A browser tries again by itself, but not after a refusal.
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen(show), 5000);
  });
  const watch = setInterval(() => {
    if (stream.readyState === EventSource.CLOSED) return clearInterval(watch);
    // A line that has gone dead is told by nobody.
    if (!document.hidden && Date.now() - heard > 35000) {
      clearInterval(watch);
      listen(show);
    }
    return undefined;
  }, 5000);
}
