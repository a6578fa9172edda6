using System.Net;
using System.Net.Sockets;
using Becket.Blocks;
using Becket.Nbd;
using Becket.Nbd.Transmission;
using Microsoft.Extensions.Logging;

namespace Becket.Tests.Nbd;

/// <summary>A real server on a loopback port, and what a test needs around it. Disposing stops it and waits for its end.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly NbdServer _server;

    public RunningServer(IBlockDevice device, NbdServerOptions? options = null)
        : this(new TestCatalog { [""] = device }, options)
    {
    }

    public RunningServer(IExportCatalog catalog, NbdServerOptions? options = null)
    {
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _server = new NbdServer(catalog, options ?? new NbdServerOptions(), Log);
        Serving = _server.ServeAsync([_listener], _stopping.Token);
    }

    public CapturedLog Log { get; } = new();

    public Task Serving { get; }

    public TransferRoom Room => _server.Room;

    public int Connections => _server.Connections;

    public NbdServerTotals Totals => _server.Totals;

    public EndPoint Address => _listener.LocalEndPoint!;

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public NbdUri Uri(string export = "") => NbdUri.Tcp("127.0.0.1", Port, export);

    public RawClient Connect() => RawClient.Connect(_listener.LocalEndPoint!);

    public Task<NbdClient> ConnectClientAsync(string export = "") =>
        NbdClient.ConnectAsync(Uri(export), TestContext.Current.CancellationToken);

    /// <summary>Asks the server to stop; <see cref="Serving"/> tells when it has.</summary>
    public void Stop() => _stopping.Cancel();

    public ValueTask DisposeServerAsync() => _server.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await Serving;
        await _server.DisposeAsync();
        _listener.Dispose();
        _stopping.Dispose();
    }
}

/// <summary>Devices by name, in the order in which they were added.</summary>
internal sealed class TestCatalog : IExportCatalog
{
    private readonly OrderedDictionary<string, IBlockDevice> _devices = [];

    /// <summary>Awaited by each opening.</summary>
    public Func<Task>? Opening { get; init; }

    public IBlockDevice this[string name]
    {
        set => _devices[name] = value;
    }

    public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => _devices.Keys.ToAsyncEnumerable();

    public async ValueTask<IBlockDevice?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        if (Opening is not null)
            await Opening();

        return _devices.GetValueOrDefault(name);
    }
}

/// <summary>The lines that a server logs, and a way to wait for one of them.</summary>
internal sealed class CapturedLog : ILoggerFactory, ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly List<(string Part, TaskCompletionSource Seen)> _awaited = [];

    public LogLevel Level { get; set; } = LogLevel.Information;

    /// <summary>What was logged up to now.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    /// <summary>Completes when a line that contains the text was or is logged.</summary>
    public Task WaitForAsync(string part)
    {
        lock (_gate)
        {
            if (_lines.Exists(line => line.Contains(part, StringComparison.Ordinal)))
                return Task.CompletedTask;

            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((part, seen));
            return seen.Task.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= Level;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;

        var line = formatter(state, exception);
        lock (_gate)
        {
            _lines.Add(line);
            foreach (var (part, seen) in _awaited)
            {
                if (line.Contains(part, StringComparison.Ordinal))
                    seen.TrySetResult();
            }
        }
    }

    public void Dispose()
    {
    }
}
