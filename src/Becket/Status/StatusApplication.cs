using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Becket.Status;

/// <summary>
/// Answers who looks: health, metrics, the page and its data. Only reads, and tells no secret. Kestrel calls it from many threads;
/// it never throws.
/// </summary>
/// <param name="board">What is served.</param>
/// <param name="metrics">What was measured.</param>
/// <param name="snapshots">What the page shows.</param>
/// <param name="answersTo">Whether a request for this host name is meant for here.</param>
/// <param name="logger">Where defects go.</param>
internal sealed partial class StatusApplication(
    StatusBoard board, MetricsCollector metrics, SnapshotTaker snapshots, Func<string, bool> answersTo, ILogger logger)
    : IHttpApplication<HttpContext>
{
    private readonly ReadinessProbe _probe = new(board, TimeProvider.System);

    private static readonly KeyValuePair<string, object?>[] Target =
    [
        new("service.name", "becket"),
        new("service.version", ProgramVersion.Text),
        new("process.pid", Environment.ProcessId),
    ];

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public async Task ProcessRequestAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        try
        {
            await AnswerAsync(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for it any more.
        }
        catch (Exception e)
        {
            LogFailed(e, context.Request.Path);
            if (context.Response.HasStarted)
                context.Abort();
            else
                context.Response.StatusCode = (int)HttpStatusCode.InternalServerError;
        }
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    private Task AnswerAsync(HttpContext context)
    {
        var (request, response, gone) = (context.Request, context.Response, context.RequestAborted);
        if (!answersTo(request.Host.Host))
        {
            return SendAsync(
                response, HttpStatusCode.MisdirectedRequest, "this is not the host that you asked for; use its IP address\n", gone);
        }
        if (request.Method is not ("GET" or "HEAD"))
        {
            response.Headers.Allow = "GET, HEAD";
            return SendAsync(response, HttpStatusCode.MethodNotAllowed, "only GET is of use here\n", gone);
        }

        var path = request.Path.Value ?? "";
        switch (path)
        {
            case "/healthz":
                return SendAsync(response, HttpStatusCode.OK, "alive\n", gone);
            case "/readyz":
                _probe.Start();
                var problems = Readiness.Problems(board);
                return problems.Count == 0
                    ? SendAsync(response, HttpStatusCode.OK, "ready\n", gone)
                    : SendAsync(
                        response,
                        HttpStatusCode.ServiceUnavailable,
                        string.Concat(problems.Select(static problem => $"{problem}\n")),
                        gone);
            case "/metrics":
                response.ContentType = PrometheusText.ContentType;
                return response.WriteAsync(PrometheusText.Write(metrics.Collect(), Target), gone);
            case "/api/status":
                _probe.Start();
                response.ContentType = "application/json";
                return JsonSerializer.SerializeAsync(response.Body, snapshots.Take(), StatusJson.Default.StatusSnapshot, gone);
            default:
                return StatusPage.Has(path)
                    ? StatusPage.SendAsync(response, path, gone)
                    : SendAsync(response, HttpStatusCode.NotFound, "there is /, /metrics, /healthz, /readyz and /api/status\n", gone);
        }
    }

    private static Task SendAsync(HttpResponse response, HttpStatusCode status, string text, CancellationToken cancellationToken)
    {
        response.StatusCode = (int)status;
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(text, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the status request for {Path} failed")]
    private partial void LogFailed(Exception exception, string? path);
}
