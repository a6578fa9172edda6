using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Becket.DevS3.Protocol;
using Becket.DevS3.Storage;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Becket.DevS3.Faults;

/// <summary>
/// Carries out fault plans around the operations, which know nothing of them. Safe to call from many threads.
/// </summary>
internal sealed class FaultInjector(
    DevS3Faults faults, ServedFolder folder, ObjectFiles objects, TimeProvider time, CancellationToken stopping)
{
    /// <summary>How long a client that was promised more bytes may take to notice that no more come.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What a body is too long by; a block, so that it could be taken for one.</summary>
    private const int OverlongBy = 4096;

    public FaultPlan PlanFor(S3Request request) =>
        faults.PlanFor(request.Method, request.Key, request.Header("Range") is not null, request.Header("Authorization"));

    /// <summary>What goes wrong before anyone looks at the request: the wait, the reset, the error.</summary>
    /// <returns>False: the connection has been reset, and there is nobody left to answer.</returns>
    /// <exception cref="S3Exception">The plan answers with an error.</exception>
    public async Task<bool> PrecedeAsync(FaultPlan plan, S3Request request)
    {
        if (plan.Latency > TimeSpan.Zero)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, stopping);
            await Task.Delay(plan.Latency, time, ended.Token);
        }
        if (plan.Has(FaultKind.Reset))
        {
            Reset(request.Http);
            return false;
        }
        if (plan.Find(FaultKind.SlowDown) is { } slowDown)
            throw Patiently(S3Error.SlowDown, slowDown.RetryAfter);
        if (plan.Find(FaultKind.TooManyRequests) is { } throttle)
            throw Patiently(S3Error.TooManyRequests, throttle.RetryAfter);
        if (plan.Has(FaultKind.InternalError))
            throw S3Error.InternalError.ToException();
        if (plan.Has(FaultKind.AccessDenied))
            throw S3Error.AccessDenied.ToException();
        if (plan.Has(FaultKind.ExpiredToken))
            throw S3Error.ExpiredToken.ToException();
        return true;
    }

    private static S3Exception Patiently(S3Error error, TimeSpan? retryAfter) => retryAfter is { } after
        ? error.ToException().WithHeader("Retry-After", Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture))
        : error.ToException();

    /// <summary>What goes wrong with the object or the answer. The request's signature has been verified by then.</summary>
    public async Task PrepareAsync(FaultPlan plan, S3Request request)
    {
        HttpContext http = request.Http;
        if (plan.Has(FaultKind.ReplaceObject))
            await ReplaceAsync(request);
        if (plan.Has(FaultKind.DeleteObject))
            objects.Delete(request.Bucket, request.Key, WriteCondition.Always);
        if (plan.Has(FaultKind.IgnoreRange))
            http.Request.Headers.Remove("Range");
        if (plan.Has(FaultKind.WrongETag))
            OnHeaders(http, headers => headers.ETag = "\"00000000000000000000000000000bad\"");
        if (plan.Has(FaultKind.WrongContentRange))
            OnHeaders(http, headers => headers.ContentRange = OneByteFurther(headers.ContentRange.ToString()));

        if (plan.Has(FaultKind.ResetInBody))
            BreakBody(http, length => length / 2, () => { Reset(http); return Task.CompletedTask; });
        else if (plan.Has(FaultKind.ResetAfterBody))
            BreakBody(http, length => length, () => { Reset(http); return Task.CompletedTask; });
        else if (plan.Has(FaultKind.Truncate))
            BreakBody(http, length => length / 2, () => CloseAsync(http));
        else if (plan.Has(FaultKind.Stall))
            BreakBody(http, length => length / 2, () => UntilTheClientLeavesAsync(http, Timeout.InfiniteTimeSpan));
        else if (plan.Has(FaultKind.Overlong))
            LengthenBody(http);
    }

    private static void BreakBody(HttpContext http, Func<long, long> passes, Func<Task> breakAsync) =>
        http.Response.Body = new FaultyBody(http.Response.Body, () => passes(http.Response.ContentLength ?? 0), breakAsync);

    /// <summary>Without a Content-Length the server sends chunks, and they end with the answer.</summary>
    private static void LengthenBody(HttpContext http)
    {
        Stream inner = http.Response.Body;
        OnHeaders(http, headers => headers.ContentLength = null);
        http.Response.Body = new FaultyBody(
            inner, () => http.Response.ContentLength ?? 0, () => inner.WriteAsync(new byte[OverlongBy], http.RequestAborted).AsTask());
    }

    private static void OnHeaders(HttpContext http, Action<IHeaderDictionary> change) => http.Response.OnStarting(() =>
    {
        if (http.Response.StatusCode is StatusCodes.Status200OK or StatusCodes.Status206PartialContent)
            change(http.Response.Headers);
        return Task.CompletedTask;
    });

    private static string OneByteFurther(string contentRange)
    {
        string[] parts = contentRange["bytes ".Length..].Split('-', '/');
        long Number(int part) => long.Parse(parts[part], CultureInfo.InvariantCulture) + 1;
        return string.Create(CultureInfo.InvariantCulture, $"bytes {Number(0)}-{Number(1)}/{parts[2]}");
    }

    /// <summary>Ends the connection with a TCP RST.</summary>
    private static void Reset(HttpContext http)
    {
        SocketOf(http).LingerState = new LingerOption(enable: true, seconds: 0);
        SocketOf(http).Close();
        http.Abort();
    }

    /// <summary>Ends the connection with a TCP FIN after what has been sent, as a server that thinks it is done.</summary>
    private async Task CloseAsync(HttpContext http)
    {
        SocketOf(http).Shutdown(SocketShutdown.Send);
        // Aborting at once would send a reset after it, and the client might lose bytes that it has not read yet.
        await UntilTheClientLeavesAsync(http, Patience);
        http.Abort();
    }

    private async Task UntilTheClientLeavesAsync(HttpContext http, TimeSpan patience)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        try
        {
            await Task.Delay(patience, time, ended.Token);
        }
        catch (OperationCanceledException)
        {
            // It left, or the server stops: what was waited for.
        }
        http.Abort();
    }

    private async Task ReplaceAsync(S3Request request)
    {
        using OpenObject open = objects.Open(request.Bucket, request.Key);
        using var staged = new StagedFile(folder);
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        byte[] piece = new byte[256 << 10];
        for (int count; (count = RandomAccess.Read(open.Handle, piece, staged.Stream.Position)) > 0;)
        {
            foreach (ref byte b in piece.AsSpan(0, count))
                b = (byte)~b;
            md5.AppendData(piece, 0, count);
            await staged.Stream.WriteAsync(piece.AsMemory(0, count), request.Aborted);
        }
        objects.Commit(request.Bucket, request.Key, staged,
            StagedFile.ETagOf(md5.GetHashAndReset()), ObjectAttributes.None, WriteCondition.Always);
    }

    private static Socket SocketOf(HttpContext http) => http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
}
