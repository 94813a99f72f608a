// A plugin that calls the recorder for each hook and event, with one JSON object on its standard input, and does what the recorder says.
//
// The recorder's reply, when it is a JSON object: `output` is merged into the hook's output, `prompt` starts another turn,
// `toast` is shown in the terminal interface, `sleep` waits that many milliseconds. A recorder that fails makes the hook throw.
import { spawn, spawnSync } from "node:child_process"

const RECORDER = "RECORDER_COMMAND"
const HOOKS = ["chat.message", "command.execute.before", "permission.ask", "shell.env", "tool.execute.before", "tool.execute.after",
  "experimental.session.compacting", "experimental.compaction.autocontinue"]
const OTHER_HOOKS = ["chat.params", "chat.headers", "experimental.chat.messages.transform", "experimental.chat.system.transform",
  "experimental.text.complete", "experimental.provider.small_model", "tool.definition"]
const EVENTS = ["session.created", "session.deleted", "session.idle", "session.error", "session.compacted", "permission.asked",
  "permission.replied", "question.asked", "command.executed", "server.instance.disposed", "tui.session.select"]

// Resolves with the recorder's exit code and standard output; `during` is called when the payload was written.
function call(payload) {
  const text = JSON.stringify(payload)
  if (process.env.BATON_TEST_SYNC) {
    const done = spawnSync(RECORDER[0], RECORDER.slice(1), { input: text, stdio: ["pipe", "pipe", "ignore"] })
    return Promise.resolve({ code: done.status, out: String(done.stdout) })
  }
  return new Promise((resolve, reject) => {
    const child = spawn(RECORDER[0], RECORDER.slice(1), { stdio: ["pipe", "pipe", "ignore"] })
    let out = ""
    child.on("error", reject)
    child.stdout.on("data", (data) => (out += data))
    child.on("close", (code) => resolve({ code, out }))
    child.stdin.end(text)
  })
}

function reply(out) {
  try {
    return JSON.parse(out)
  } catch {
    return {}
  }
}

export const Recorder = async ({ client, directory, worktree, project, serverUrl }) => {
  const all = Boolean(process.env.BATON_TEST_ALL)
  const more = (process.env.BATON_TEST_MORE ?? "").split(",").filter(Boolean)
  const base = { plugin_pid: process.pid, directory, worktree, project_id: project.id, server_url: String(serverUrl) }
  let queue = Promise.resolve()

  async function report(name, session, more, output) {
    const done = await call({ hook_event_name: name, session_id: session ?? "", ...base, ...more })
    if (done.code !== 0) throw new Error(`the hook of ${name} failed: exit ${done.code}`)
    const told = reply(done.out)
    if (told.sleep) await new Promise((resolve) => setTimeout(resolve, told.sleep))
    if (told.output) Object.assign(output ?? {}, told.output)
    if (told.parts) output.parts.push(...told.parts.map((part) => ({ ...part, sessionID: session, messageID: output.message.id })))
    if (told.env) Object.assign(output.env, told.env)
    if (told.toast) await client.tui.showToast({ body: { message: told.toast, variant: "info" } })
    if (told.prompt) await client.session.promptAsync({ path: { id: session }, body: { parts: [{ type: "text", text: told.prompt }] } })
  }

  // The client does not wait for an event's handler, so that these wait for each other.
  function later(...told) {
    queue = queue.then(() => report(...told)).catch(() => {})
    return queue
  }

  const hooks = {
    event: async ({ event }) => {
      if (all || EVENTS.includes(event.type) || more.includes(event.type)) {
        const { sessionID, info } = event.properties ?? {}
        const running = later(event.type, sessionID ?? info?.id, { event })
        if (process.env.BATON_TEST_THROW === event.type) throw new Error(`the handler of ${event.type} throws`)
        await running
      }
    },
    dispose: async () => {
      await queue
      await report("dispose", "", {})
    },
  }
  for (const name of [...HOOKS, ...OTHER_HOOKS.filter((other) => all || more.includes(other))]) {
    hooks[name] = async (input, output) => {
      await queue
      await report(name, input.sessionID, { input, output }, output)
    }
  }
  await report("plugin.init", "", { argv: process.argv })
  return hooks
}
