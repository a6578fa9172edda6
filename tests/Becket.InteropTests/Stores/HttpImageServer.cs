using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Becket.InteropTests.Stores;

/// <summary>How an <see cref="HttpImageServer"/> differs from an ordinary web server.</summary>
[Flags]
public enum HttpManners
{
    Ordinary = 0,

    /// <summary>HEAD is answered 403, as a URL that was signed for GET is.</summary>
    RefusesHead = 1,

    /// <summary>The whole body with 200, whatever range was asked for.</summary>
    IgnoresRanges = 2,

    /// <summary>HTTPS, with a certificate that nobody trusts.</summary>
    SignsItsOwnCertificate = 4,
}

/// <summary>
/// A web server on loopback with one file, <c>/disk.img</c>. It can hold answers back, so that a test can act while a read is in flight.
/// </summary>
public sealed class HttpImageServer : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource? _gate;

    private HttpImageServer(byte[] image, HttpManners manners)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (manners.HasFlag(HttpManners.SignsItsOwnCertificate))
                listen.UseHttps(CreateCertificate());
        }));
        _server = builder.Build();
        _server.Run(context => AnswerAsync(context, image, manners));
    }

    public Uri Url => new($"{_server.Urls.First()}/disk.img");

    /// <summary>
    /// Completes when the answer to a client's read is first being held back: not to one of the one-byte GETs that make
    /// connections ready, which may still be under way when the server says that it is up.
    /// </summary>
    public Task Held => _held.Task;

    public static async Task<HttpImageServer> StartAsync(byte[] image, HttpManners manners, CancellationToken cancellationToken)
    {
        var server = new HttpImageServer(image, manners);
        await server._server.StartAsync(cancellationToken);
        return server;
    }

    /// <summary>Holds back every answer from now on, until <see cref="Release"/>.</summary>
    public void Hold() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => _gate?.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        await _server.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context, byte[] image, HttpManners manners)
    {
        if (_gate is { } gate)
        {
            if (context.Request.GetTypedHeaders().Range?.Ranges.FirstOrDefault() is { } range && range.To > range.From)
                _held.TrySetResult();
            await gate.Task;
        }
        if (manners.HasFlag(HttpManners.RefusesHead) && HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }
        await Results.Bytes(image, "application/octet-stream", enableRangeProcessing: !manners.HasFlag(HttpManners.IgnoresRanges))
            .ExecuteAsync(context);
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
