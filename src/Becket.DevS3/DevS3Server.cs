using System.Net;
using System.Security.Cryptography;
using Becket.DevS3.Faults;
using Becket.DevS3.Operations;
using Becket.DevS3.Signing;
using Becket.DevS3.Storage;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Becket.DevS3;

/// <summary>
/// A small S3 endpoint over a folder, on 127.0.0.1, for demos and tests: its sub-folders are the buckets, the files below
/// them the objects. One server at a time serves a folder. Not for data that anyone would miss.
/// </summary>
public sealed class DevS3Server : IAsyncDisposable
{
    private readonly KestrelServer _kestrel;
    private readonly ServedFolder _folder;
    private readonly MultipartUploads _uploads;
    private readonly CancellationTokenSource _stopping = new();
    private int _stopped;

    private DevS3Server(DevS3Options options)
    {
        AccessKey = options.AccessKey!;
        SecretKey = options.SecretKey!;
        Faults = options.Faults!;
        _folder = new ServedFolder(options.Folder);

        var buckets = new BucketFolders(_folder);
        var objects = new ObjectFiles(_folder, buckets);
        _uploads = new MultipartUploads(buckets, options.Time);
        var operations = new S3Operations(
            new BucketOperations(options, buckets),
            new Listings(buckets, objects),
            new ObjectReads(objects, Counters),
            new ObjectWrites(_folder, buckets, objects),
            new MultipartOperations(options, _folder, buckets, objects, _uploads));
        Application = new S3Application(
            new RequestAuthenticator(AccessKey, SecretKey, options),
            new FaultInjector(Faults, _folder, objects, options.Time, _stopping.Token),
            operations,
            Counters,
            options.Loggers.CreateLogger("Becket.DevS3"));
        _kestrel = CreateKestrel(options);
    }

    /// <summary><c>http://127.0.0.1:PORT/</c>; buckets follow in the path, or before <c>.localhost</c> as the host.</summary>
    public Uri Endpoint { get; private set; } = null!;

    public string AccessKey { get; }

    public string SecretKey { get; }

    /// <summary>Changes take effect with the next request.</summary>
    public DevS3Faults Faults { get; }

    public DevS3Counters Counters { get; } = new();

    private S3Application Application { get; }

    /// <summary>Starts a server; it accepts connections when this has returned.</summary>
    /// <exception cref="IOException">The folder cannot be served, or the port is taken.</exception>
    public static async Task<DevS3Server> StartAsync(DevS3Options options, CancellationToken cancellationToken)
    {
        var server = new DevS3Server(options with
        {
            AccessKey = options.AccessKey ?? "BECKET" + RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 14),
            SecretKey = options.SecretKey ?? RandomNumberGenerator.GetHexString(40, lowercase: true),
            Faults = options.Faults ?? new DevS3Faults(),
        });
        try
        {
            await server._kestrel.StartAsync(server.Application, cancellationToken);
            server.Endpoint = new Uri(server._kestrel.Features.Get<IServerAddressesFeature>()!.Addresses.Single());
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Stops accepting, lets the requests that are under way end, and returns. Where <paramref name="cancellationToken"/>
    /// fires first, their connections are closed.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
            return;
        await _stopping.CancelAsync(); // no fault holds a request back any more
        await _kestrel.StopAsync(cancellationToken);
        _kestrel.Dispose();
        _uploads.Dispose();
        _folder.Dispose();
    }

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        _stopping.Dispose();
    }

    /// <summary>Kestrel without the hosting around it: no configuration, no dependency injection, a start in some 50 ms.</summary>
    private KestrelServer CreateKestrel(DevS3Options options)
    {
        var settings = new KestrelServerOptions { AddServerHeader = false };
        // A client may be as slow as it likes: tests stop in debuggers, and devices are read when somebody reads them.
        settings.Limits.MaxRequestBodySize = null;
        settings.Limits.MinRequestBodyDataRate = null;
        settings.Limits.MinResponseDataRate = null;
        settings.Limits.MaxRequestBufferSize = 1 << 20;
        settings.Limits.MaxRequestLineSize = 16 << 10;
        settings.Limits.MaxRequestHeadersTotalSize = 64 << 10;
        settings.ResponseHeaderEncodingSelector = static _ => System.Text.Encoding.UTF8;
        settings.Listen(IPAddress.Loopback, options.Port, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1;
            endpoint.Use(next => connection =>
            {
                Counters.AddConnection();
                return next(connection);
            });
        });
        // Next to no buffer: a flush returns when the kernel has the bytes, and a fault can break off exactly there. Large
        // pieces make up for it. Kestrel's own log is left out: it takes faults for errors.
        var sockets = new SocketTransportOptions { MaxWriteBufferSize = 2 };
        var transport = new SocketTransportFactory(Options.Create(sockets), NullLoggerFactory.Instance);
        return new KestrelServer(Options.Create(settings), transport, NullLoggerFactory.Instance);
    }
}
