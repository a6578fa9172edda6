using System.Globalization;
using System.Net;
using System.Text.Json;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Status;

public class MetricsTests(RealStores stores) : StatusTest(stores)
{
    [Fact]
    public async Task Metrics_grow_by_what_was_copied()
    {
        Tool.Require("nbdcopy");
        var (store, source) = await StartStoreAsync();
        await using var running = store;
        await using var server = await BecketServer.StartAsync(source.With("--status", "0"), Token);

        var before = await ReadWarmMetricsAsync(server);
        await CopyAll(server).SucceedAsync(Token);
        var after = await ReadMetricsAsync(server);

        Assert.Equal(Size, Grown("becket_device_io_bytes_total", "becket_device_operation=\"read\""));
        Assert.Equal(Grown("becket_device_operations_total", "read"), Grown("becket_device_operation_duration_seconds_count", "read"));
        Assert.Equal(
            Grown("becket_device_operations_total", "read"),
            Grown("becket_cache_reads_total", "hit") + Grown("becket_cache_reads_total", "wait"));
        Assert.True(Grown("becket_cache_reads_total", "wait") > 0);
        // Every block came once, and there is room for all of them.
        Assert.Equal(Size, Grown("becket_cache_fetched_bytes_total", "demand") + Grown("becket_cache_fetched_bytes_total", "background"));
        Assert.Equal(Size, Grown("becket_store_io_bytes_total", "get"));
        var content = after.Single(static sample => sample.Key.StartsWith("becket_cache_memory_content_bytes", StringComparison.Ordinal));
        Assert.Equal(Size, content.Value);
        Assert.True(Grown("becket_nbd_connections_accepted_total", "") >= 1);
        string[] gauges =
        [
            "process_memory_usage_bytes", "process_thread_count", "process_unix_file_descriptor_count",
            "becket_nbd_transfer_memory_limit_bytes",
        ];
        foreach (var name in gauges)
            Assert.True(after[name] > 0, name);
        Assert.Contains(after.Keys, static key => key.StartsWith("dotnet_gc_collections_total", StringComparison.Ordinal));
        await server.StopAsync(Token);

        double Grown(string name, string label) => Sum(after, name, label) - Sum(before, name, label);
    }

    [Fact]
    public async Task Prometheus_own_tool_finds_nothing_wrong_with_the_metrics()
    {
        Tool.Require("promtool", "nbdcopy");
        var source = (await Stores.GetDiskInAsync(Place.DevS3)).With("--status", "[::1]:0", "--cache-dir", Folder["cache"]);
        await using var server = await BecketServer.StartAsync(source, Token);
        await new Command("nbdcopy", server.Uri, "null:").SucceedAsync(Token);
        var metrics = await Http.GetStringAsync(new Uri(await StatusOfAsync(server) + "metrics"), Token);
        await File.WriteAllTextAsync(Folder["metrics"], metrics, Token);

        var outcome = await Command.Shell($"promtool check metrics < {Folder["metrics"]}").RunAsync(Token);

        // It also has taste: names of OpenTelemetry may end in _count where Prometheus' own would not.
        Assert.True(outcome.ExitCode is 0 or 3, outcome.Output + outcome.Errors);
        Assert.All(
            (outcome.Output + outcome.Errors).Split('\n', StringSplitOptions.RemoveEmptyEntries),
            static line => Assert.EndsWith(
                "non-histogram and non-summary metrics should not have \"_count\" suffix", line, StringComparison.Ordinal));
        await server.StopAsync(Token);
    }

    [Fact]
    public async Task A_store_that_hangs_makes_it_unready_until_it_answers_again()
    {
        Tool.Require("nbdcopy");
        var (store, source) = await StartStoreAsync();
        await using var running = store;
        await using var server = await BecketServer.StartAsync(source.With("--status", Folder["status"]), Token);
        using var http = SocketHttp.ClientFor(Folder["status"]);
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await GetAsync("readyz"));

        store.Hold();
        await using var copy = CopyAll(server).Start();
        var problem = await UntilAsync(HttpStatusCode.ServiceUnavailable);
        Assert.StartsWith("export \"\": a read has been waiting for the store for ", problem, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await GetAsync("healthz"));

        store.LetGo();
        await UntilAsync(HttpStatusCode.OK);
        Assert.Equal(0, (await copy.WaitForExitAsync(Token)).ExitCode);
        await server.StopAsync(Token);

        async Task<(HttpStatusCode, string)> GetAsync(string path)
        {
            using var answer = await http.GetAsync(new Uri($"http://localhost/{path}"), Token);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
        }

        async Task<string> UntilAsync(HttpStatusCode wanted)
        {
            using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (true)
            {
                var (status, text) = await GetAsync("readyz");
                if (status == wanted)
                    return text;
                await retry.WaitForNextTickAsync(Token);
            }
        }
    }

    [Fact]
    public async Task Log_lines_are_json_objects_that_say_whose_they_are()
    {
        Tool.Require("nbdcopy");
        var source = await Stores.GetDiskInAsync(Place.DevS3);
        await using var server = await BecketServer.StartAsync(
            source.With("--log-format", "json", "--verbose", "--status", "0.0.0.0:0"), Token);
        await new Command("nbdcopy", "-C", "1", server.Uri, "null:").SucceedAsync(Token);
        await server.StopAsync(Token);

        // What is printed at the end is for people who asked for it.
        var lines = server.Errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(static line => line.StartsWith('{')).Select(static line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.All(lines, static line => Assert.True(line.GetProperty("timestamp").GetDateTimeOffset() > DateTimeOffset.UnixEpoch));
        Assert.Contains(
            lines, static line => Message(line).StartsWith("serving ", StringComparison.Ordinal) && Level(line) == "information");
        Assert.Contains(
            lines, static line => Message(line).StartsWith("whoever can reach ", StringComparison.Ordinal) && Level(line) == "warning");
        Assert.Contains(
            lines,
            static line => Message(line).StartsWith("opened ", StringComparison.Ordinal)
                && line.GetProperty("source").GetString()!.StartsWith("s3://", StringComparison.Ordinal));
        var requests = lines
            .Where(static line => line.TryGetProperty("command", out var command) && command.GetString() == "Read").ToList();
        Assert.NotEmpty(requests);
        Assert.All(requests, static line =>
        {
            Assert.Equal("debug", Level(line));
            Assert.StartsWith("pid ", line.GetProperty("peer").GetString(), StringComparison.Ordinal);
            Assert.Equal("", line.GetProperty("export").GetString());
            Assert.Equal(JsonValueKind.Number, line.GetProperty("length").ValueKind);
        });
        Assert.Contains(lines, static line => line.TryGetProperty("reason", out _) && Level(line) == "information");

        static string Message(JsonElement line) => line.GetProperty("message").GetString()!;

        static string Level(JsonElement line) => line.GetProperty("level").GetString()!;
    }

    [Fact]
    public async Task The_query_of_a_url_is_never_told()
    {
        const string Secret = "not-for-others";
        await using var web = await HttpImageServer.StartAsync(new byte[1 << 20], HttpManners.Ordinary, Token);
        var source = new Source([$"{web.Url}?signature={Secret}"], []).With("--status", "0");
        await using var server = await BecketServer.StartAsync(source, Token);
        await CopyAll(server).SucceedAsync(Token);
        var address = await StatusOfAsync(server);
        foreach (var path in (string[])["metrics", "api/status", "readyz", ""])
            Assert.DoesNotContain(Secret, await Http.GetStringAsync(new Uri(address + path), Token), StringComparison.Ordinal);
        var status = await Http.GetStringAsync(new Uri(address + "api/status"), Token);
        Assert.Contains(web.Url.AbsolutePath, status, StringComparison.Ordinal);
        await server.StopAsync(Token);
    }

    /// <summary>The metrics once the GETs of one byte that make connections ready have come to their end: nobody else reads yet.</summary>
    private async Task<Dictionary<string, double>> ReadWarmMetricsAsync(BecketServer server)
    {
        const int connections = 8;
        Dictionary<string, double> metrics;
        while (Sum(metrics = await ReadMetricsAsync(server), "becket_store_io_bytes_total", "get") < connections)
            await Task.Delay(TimeSpan.FromMilliseconds(10), Token);
        return metrics;
    }

    private async Task<Dictionary<string, double>> ReadMetricsAsync(BecketServer server)
    {
        var text = await Http.GetStringAsync(new Uri(await StatusOfAsync(server) + "metrics"), Token);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(static line => !line.StartsWith('#'))
            .ToDictionary(
                static line => line[..line.LastIndexOf(' ')],
                static line => double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture),
                StringComparer.Ordinal);
    }

    private static double Sum(Dictionary<string, double> samples, string name, string label) => samples
        .Where(sample => sample.Key.Split('{')[0] == name && sample.Key.Contains(label, StringComparison.Ordinal))
        .Sum(static sample => sample.Value);
}
