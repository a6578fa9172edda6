using System.CommandLine;
using System.Text.Json;
using Becket.Daemon;
using Becket.Watching;

namespace Becket.Commands;

/// <summary><c>becket list</c>: what is attached and mounted, and how it is; <c>--watch</c> shows it live.</summary>
internal static class ListCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON, for scripts" };
        var watch = new Option<bool>("--watch", "-w") { Description = "Show it live: throughput, hits, latency, what is being fetched" };
        var command = new Command("list", "Show what is attached and mounted") { json, watch };
        command.Aliases.Add("ls");
        command.SetAction(async (parsed, stopping) =>
        {
            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(watch))
                return await new LiveView(output, isJson: parsed.GetValue(json)).RunAsync(stopping);
            var found = await AttachmentList.TakeAsync(stopping);
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonSerializer.Serialize(found, DaemonJson.Readable.IReadOnlyListAttachmentStatus));
            }
            else if (found.Count == 0)
            {
                var isAll = Environment.IsPrivilegedProcess || !Directory.Exists(StateFolder.RootOfRoot);
                Console.Error.WriteLine(
                    $"becket: nothing is attached{(isAll ? "" : "; what root has attached, 'sudo becket list' shows")}");
            }
            else
            {
                output.Write(AttachmentTable.Format(found));
            }
            return ExitCode.Success;
        });
        return command;
    }
}
