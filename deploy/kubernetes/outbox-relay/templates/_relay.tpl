{{/* What a relay is made of, in pods of its own and in those of a service. */}}

{{- define "outbox-relay.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "outbox-relay.selectorLabels" -}}
app.kubernetes.io/name: outbox-relay
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "outbox-relay.labels" -}}
{{ include "outbox-relay.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "outbox-relay.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* application.yaml; secrets are read from files beside it. */}}
{{- define "outbox-relay.configuration" -}}
spring:
  config:
    # Optional for those who have no secrets; a Secret that is missing keeps the pod from starting.
    import: "optional:configtree:/etc/outbox-relay/secrets/"
server:
  # For probes and metrics; the NetworkPolicy says who else gets there.
  address: 0.0.0.0
  port: 8081
outbox:
  relay:
    {{- toYaml .Values.settings | nindent 4 }}
{{- end -}}

{{/* Peaks of docs/benchmarks/footprint.md: pgoutput 199 MB, debezium 342 MB. */}}
{{- define "outbox-relay.resources" -}}
{{- if .Values.resources }}
{{- toYaml .Values.resources }}
{{- else if eq .Values.settings.engine "pgoutput" -}}
requests:
  cpu: 250m
  memory: 256Mi
limits:
  memory: 256Mi
{{- else -}}
requests:
  cpu: 500m
  memory: 448Mi
limits:
  memory: 448Mi
{{- end -}}
{{- end -}}

{{- define "outbox-relay.javaOptions" -}}
{{- if .Values.javaOptions -}}
{{ .Values.javaOptions }}
{{- else if eq .Values.settings.engine "pgoutput" -}}
-Xmx72m -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError
{{- else -}}
-Xmx160m -XX:+ExitOnOutOfMemoryError
{{- end -}}
{{- end -}}

{{/* What every container of the relay has, whatever it runs. */}}
{{- define "outbox-relay.containerBase" -}}
image: {{ include "outbox-relay.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: SPRING_CONFIG_ADDITIONAL_LOCATION
    value: file:/etc/outbox-relay/config/
  - name: JAVA_TOOL_OPTIONS
    value: {{ include "outbox-relay.javaOptions" . | quote }}
resources:
  {{- include "outbox-relay.resources" . | nindent 2 }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.runAsUser }}
  runAsGroup: {{ .Values.runAsUser }}
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
  seccompProfile:
    type: RuntimeDefault
volumeMounts:
  - name: outbox-relay-config
    mountPath: /etc/outbox-relay/config
    readOnly: true
  {{- if .Values.existingSecrets }}
  - name: outbox-relay-secrets
    mountPath: /etc/outbox-relay/secrets
    readOnly: true
  {{- end }}
  - name: outbox-relay-tmp
    mountPath: /tmp
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "outbox-relay.container" -}}
name: outbox-relay
{{ include "outbox-relay.containerBase" . }}
ports:
  - name: outbox-relay
    containerPort: 8081
    protocol: TCP
# The process is up; whether it finds PostgreSQL and Kafka is for readiness to tell.
startupProbe:
  httpGet:
    path: /actuator/health/liveness
    port: outbox-relay
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /actuator/health/liveness
    port: outbox-relay
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- if or (eq .Values.mode "deployment") .Values.sidecar.readinessProbe }}
readinessProbe:
  httpGet:
    path: /actuator/health/readiness
    port: outbox-relay
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 3
{{- end }}
{{- end -}}

{{/* An entry of initContainers: it starts before the service and stops after it. */}}
{{- define "outbox-relay.sidecar" -}}
{{ include "outbox-relay.container" . }}
restartPolicy: Always
{{- end -}}

{{- define "outbox-relay.volumes" -}}
- name: outbox-relay-config
  configMap:
    name: {{ include "outbox-relay.fullname" . }}
{{- if .Values.existingSecrets }}
- name: outbox-relay-secrets
  projected:
    # The pod of a service has a group of its own, or none.
    defaultMode: {{ if eq .Values.mode "deployment" }}0440{{ else }}0444{{ end }}
    sources:
      {{- range .Values.existingSecrets }}
      - secret:
          name: {{ . }}
      {{- end }}
{{- end }}
- name: outbox-relay-tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What pods of the relay have in common; the service has its own. */}}
{{- define "outbox-relay.podBase" -}}
serviceAccountName: {{ include "outbox-relay.fullname" . }}
automountServiceAccountToken: false
# Or Kubernetes sets OUTBOX_RELAY_… for a Service of that name, which look like settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  fsGroup: {{ .Values.runAsUser }}
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
