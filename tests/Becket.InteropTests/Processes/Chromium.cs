using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Becket.InteropTests.Processes;

/// <summary>
/// A page in a Chromium without a window, driven by its DevTools protocol. Whatever the page complains of (exceptions, errors on the
/// console, what its policy forbids, answers that are missing) is kept.
/// </summary>
public sealed class Chromium : IAsyncDisposable
{
    private const string Ready = "DevTools listening on ";

    private readonly TemporaryFolder _folder;
    private readonly RunningProcess _process;
    private readonly ClientWebSocket _socket = new();
    private readonly List<string> _complaints = [];
    private int _lastCall;

    private Chromium(TemporaryFolder folder, RunningProcess process) => (_folder, _process) = (folder, process);

    /// <summary>What the page complained of until the last call.</summary>
    public IReadOnlyList<string> Complaints => _complaints;

    public static async Task<Chromium> StartAsync(CancellationToken cancellationToken)
    {
        Tool.Require("chromium");
        var folder = new TemporaryFolder();
        var process = new Command(
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--remote-debugging-port=0", $"--user-data-dir={folder.Path}", "about:blank").Start();
        var chromium = new Chromium(folder, process);
        try
        {
            var address = await process.Errors.WaitForLineAsync(Ready, cancellationToken);
            using var http = new HttpClient();
            var authority = new Uri(address.Trim()).Authority;
            var pages = await http.GetFromJsonAsync<JsonArray>($"http://{authority}/json/list", cancellationToken);
            var page = pages!.First(static page => (string?)page!["type"] == "page")!;
            await chromium._socket.ConnectAsync(new Uri((string)page["webSocketDebuggerUrl"]!), cancellationToken);
            foreach (var domain in (string[])["Page", "Runtime", "Log", "Network"])
                await chromium.CallAsync($"{domain}.enable", [], cancellationToken);
            return chromium;
        }
        catch
        {
            await chromium.DisposeAsync();
            throw;
        }
    }

    /// <summary>The window's size, and the colours that its user prefers: <c>light</c> or <c>dark</c>.</summary>
    public async Task LookAsync(int width, int height, string colours, CancellationToken cancellationToken)
    {
        var size = new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 };
        await CallAsync("Emulation.setDeviceMetricsOverride", size, cancellationToken);
        var feature = new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = colours };
        await CallAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(feature) }, cancellationToken);
    }

    /// <summary>Opens a page and returns when it has loaded.</summary>
    public async Task OpenAsync(string address, CancellationToken cancellationToken)
    {
        await CallAsync("Page.navigate", new() { ["url"] = address }, cancellationToken);
        await UntilAsync("document.readyState === 'complete' && location.href !== 'about:blank'", cancellationToken);
    }

    /// <summary>The value of an expression in the page, as JSON.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression, CancellationToken cancellationToken)
    {
        var arguments = new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true };
        var answer = await CallAsync("Runtime.evaluate", arguments, cancellationToken);
        Assert.True(answer["exceptionDetails"] is null, $"{expression}: {answer}");
        return answer["result"]!["value"];
    }

    /// <summary>Waits until an expression is true.</summary>
    public async Task UntilAsync(string expression, CancellationToken cancellationToken)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((bool?)await EvaluateAsync($"Boolean({expression})", cancellationToken) != true)
            await retry.WaitForNextTickAsync(cancellationToken);
    }

    /// <summary>A picture of the window, as PNG.</summary>
    public async Task<byte[]> PhotographAsync(CancellationToken cancellationToken) =>
        Convert.FromBase64String((string)(await CallAsync("Page.captureScreenshot", [], cancellationToken))["data"]!);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject arguments, CancellationToken cancellationToken)
    {
        var id = ++_lastCall;
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = arguments };
        await _socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(call), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        while (true)
        {
            var message = await ReceiveAsync(cancellationToken);
            if ((int?)message["id"] == id)
                return message["result"] ?? throw new InvalidOperationException($"{method}: {message}");
            Note(message);
        }
    }

    private void Note(JsonNode message)
    {
        var details = message["params"];
        var isComplaint = (string?)message["method"] switch
        {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => (string?)details!["type"] is "error" or "warning" or "assert",
            "Log.entryAdded" => (string?)details!["entry"]!["level"] is "error" or "warning",
            "Network.loadingFailed" => (bool?)details!["canceled"] != true,
            "Network.responseReceived" => (int?)details!["response"]!["status"] >= 400,
            _ => false,
        };
        if (isComplaint)
            _complaints.Add(message.ToJsonString());
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        var buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            Assert.NotEqual(WebSocketMessageType.Close, part.MessageType);
            whole.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        whole.Position = 0;
        return JsonNode.Parse(whole)!;
    }
}
